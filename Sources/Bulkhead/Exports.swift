// One import gives everything a service writes down: values and bytes, commands and conversions.
@_exported public import BulkheadCommands
@_exported public import BulkheadRESP
