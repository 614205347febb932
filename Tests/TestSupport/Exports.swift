// Seeded numbers for tests.
@_exported public import BulkheadConsole
