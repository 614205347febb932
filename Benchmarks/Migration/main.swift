import BenchmarkSupport

Settings.table.run { settings in try MigrationSpeed(settings).run() ? 0 : 1 }
