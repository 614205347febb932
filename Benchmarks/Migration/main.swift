import BulkheadBenchmarkSupport

Settings.table.run { settings in try MigrationSpeed(settings).run() ? 0 : 1 }
