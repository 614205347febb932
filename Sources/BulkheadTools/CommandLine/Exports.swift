// Flags and arguments of all commands, their tables and screens; one import gives the tests these too.
@_exported public import BulkheadConsole
