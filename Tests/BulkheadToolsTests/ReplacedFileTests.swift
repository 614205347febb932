import Bulkhead
import BulkheadRDB
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Files are read in several passes, and somebody may put another one in their place between them, or write to them.
@Suite("Files that change while they are read", .timeLimit(.minutes(10))) struct ReplacedFileTests {
    /// A snapshot whose number 0 has these keys, each with its own name as its value.
    private func snapshot(_ names: [String]) -> [UInt8] {
        var writer = RDBWriter(RDBVersion(.redis, 9))
        writer.select(0)
        for name in names {
            Array(name.utf8).withUnsafeBytes { writer.key($0, type: .string, expiry: nil) }
            ([UInt8(name.utf8.count)] + Array(name.utf8)).withUnsafeBytes { writer.body($0) }
        }
        writer.end()
        var block: [UInt8] = []
        writer.take(into: &block)
        return block
    }

    private func write(_ names: [String], _ path: String) throws {
        try Data(snapshot(names)).write(to: URL(fileURLWithPath: path))
    }

    /// As `backup` puts a new file in the place of the last one.
    private func replace(_ path: String, by names: [String]) throws {
        try write(names, path + ".new")
        #expect(rename(path + ".new", path) == 0)
    }

    /// As a copy does that is written over it.
    private func append(to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data([0]))
        try file.close()
    }

    private func names(_ file: InputFile) throws -> [String] {
        var records = try SnapshotRecords(file, largestBody: 1_000)
        var names: [String] = []
        while let record = try records.next() { names.append(String(decoding: record.key, as: UTF8.self)) }
        return names
    }

    @Test func `a file that is replaced stays the one that was read first`() async throws {
        try await withBackupFolder { folder in
            let path = folder + "/a.rdb"
            try write(["one", "two"], path)
            let survey = try SnapshotSurvey(path)
            try replace(path, by: ["three"])
            #expect(try names(survey.file) == ["one", "two"])
            #expect(try names(survey.file) == ["one", "two"])
        }
    }

    @Test func `a file that is written to is read no further`() async throws {
        try await withBackupFolder { folder in
            let path = folder + "/a.rdb"
            try write(["one", "two"], path)
            let survey = try SnapshotSurvey(path)
            try append(to: path)
            let failure = #expect(throws: ProgramFailure.self) { try names(survey.file) }
            #expect(failure?.exitCode == .ioFailed)
            #expect(failure?.message?.contains("was written to while it was read") == true)
        }
    }

    @Test func `a pipe is refused by what reads several times, and nobody waits for its writer`() async throws {
        try await withBackupFolder { folder in
            let path = folder + "/pipe"
            #expect(mkfifo(path, 0o600) == 0)
            let failure = #expect(throws: ProgramFailure.self) { try SnapshotSurvey(path) }
            #expect(failure?.exitCode == .ioFailed)
            #expect(failure?.message?.contains("save what comes out of it in a file") == true)
        }
    }

    @Test func `what is restored is what was read, whatever stands under the name of the file by then`() async throws {
        try await withBackupFolder { folder in
            try await withToolServer { _, databases in
                let path = folder + "/a.rdb"
                try write(["one", "two"], path)
                let survey = try SnapshotSurvey(path)
                let database = try databases["db7"]
                let plan = RestorePlan(path: path, number: 0, into: DatabaseEntry("db7", number: 7))
                var restoration = try await Restoration(plan, database, try await ServerFacts(of: database))
                let ahead = try await restoration.foresee(survey, lookingUpNames: true)
                #expect(ahead?.wanted == 2)
                try replace(path, by: ["three", "four", "five"])
                let (report, _) = try await restoration.run(survey)
                #expect((report.found, report.restored, report.untried) == (2, 2, 0))
                #expect(try await database.exists("one", "two") == 2)
                #expect(try await database.dbsize() == 2)

                // Written to in the middle.
                try await database.flushdb()
                try write((0..<10).map { "key\($0)" }, path)
                let second = try SnapshotSurvey(path)
                restoration.isInterrupted = {
                    try? append(to: path)
                    return false
                }
                let (stopped, _) = try await restoration.run(second)
                #expect(stopped.stopped?.contains("was written to while it was read") == true)
                #expect((stopped.found, stopped.restored, stopped.untried) == (10, 0, 10))
                #expect(try await database.dbsize() == 0)
            }
        }
    }
}
