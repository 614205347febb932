import BulkheadBenchmarkSupport

Settings.table.run { settings in try Kills(settings).run() ? 0 : 1 }
