// The benchmarks write tables and units; one import gives them these too.
@_exported public import BulkheadConsole
