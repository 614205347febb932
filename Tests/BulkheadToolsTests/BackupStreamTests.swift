import Bulkhead
import BulkheadRDB
import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@testable import BulkheadTools

/// Streams that no server should send, and networks that break: whatever comes, no file appears.
@Suite("What a backup is cut from", .timeLimit(.minutes(10))) struct BackupStreamTests {
    private static let mark = Array(String(repeating: "0123456789", count: 4).utf8)

    /// A snapshot of two databases of one short key each.
    private static func snapshot(type: RDBType = .string, version: RDBVersion = RDBVersion(.redis, 10)) -> [UInt8] {
        var writer = RDBWriter(version)
        writer.aux("redis-ver", "7.0.15")
        for number in [0, 1] {
            writer.select(number, size: (1, 0))
            Array("key\(number)".utf8).withUnsafeBytes { writer.key($0, type: type) }
            ([5, 104, 101, 108, 108, 111] as [UInt8]).withUnsafeBytes { writer.body($0) }
        }
        writer.end()
        var file: [UInt8] = []
        writer.take(into: &file)
        return file
    }

    private static func marked(_ file: [UInt8], mark: [UInt8] = mark) -> [UInt8] {
        Array("\n\n$EOF:".utf8) + Self.mark + Array("\r\n".utf8) + file + mark
    }

    private static func measured(_ file: [UInt8], length: Int) -> [UInt8] {
        Array("\n$\(length)\r\n".utf8) + file
    }

    /// How the stream is spoiled, and what is said about it.
    static let spoiled: [(String, [UInt8], String)] = {
        let file = snapshot()
        var flipped = file
        flipped[file.count - 20] ^= 1
        var unsummed = file
        unsummed.replaceSubrange((file.count - 8)..., with: [1, 2, 3, 4, 5, 6, 7, 8])
        return [
            ("a changed byte", marked(flipped), "not whole"),
            ("a wrong checksum", marked(unsummed), "wrong-checksum"),
            ("a wrong checksum behind a length", measured(unsummed, length: file.count), "wrong-checksum"),
            ("a wrong mark", marked(file, mark: mark.reversed()), "not the end mark that was announced"),
            ("no mark", marked(file, mark: []), "not the end mark that was announced"),
            ("half a mark", marked(file, mark: Array(mark.prefix(20))), "not the end mark that was announced"),
            ("an end in the first bytes", marked(Array(file.prefix(5)), mark: []), "truncated"),
            ("an end in a value", marked(Array(file.dropLast(12)), mark: []), "truncated"),
            ("an end before the checksum", marked(Array(file.dropLast(8)), mark: []), "truncated"),
            ("nothing", marked([], mark: []), "truncated"),
            ("an announced length that is longer", measured(file, length: file.count + 10), "closed the connection"),
            ("bytes behind it", measured(file + [0, 0], length: file.count + 2), "ends before"),
            ("an announced length that is shorter", measured(file, length: file.count - 3), "truncated"),
            ("a type nobody knows", marked(snapshot(type: RDBType(rawValue: 99))), "unknown-type"),
            ("a version nobody knows", marked(snapshot(version: RDBVersion(.redis, 60))), "unknown-version"),
            ("something else", marked(Array(repeating: 65, count: 1_000)), "not-a-snapshot"),
            ("an answer that is none", Array("+OK\r\n".utf8), "neither a snapshot nor an error"),
        ]
    }()

    @Test(arguments: spoiled.map(\.0))
    func `a stream that is cut, damaged or strange makes no file and says what is wrong`(what: String) async throws {
        let (_, stream, message) = try #require(Self.spoiled.first { $0.0 == what })
        let server = ScriptedServer.sending(stream)
        defer { server.stop() }
        try await withBackupFolder { folder in
            let outcome = try await Bulkhead.run(
                "backup", "knowledge", "--method", "sync", "--to", folder + "/k.rdb", "--url", "unix://" + server.path)
            #expect(outcome.exitCode == 2, "\(what)")
            #expect(outcome.errors.contains(message), "\(what): \(outcome.errors)")
            #expect(try names(in: folder) == [])
        }
    }

    @Test func `the same stream unspoiled makes one, also where the server writes no checksum`() async throws {
        let file = Self.snapshot()
        let unchecked = Array(file.dropLast(8)) + Array(repeating: 0, count: 8)
        for (stream, checksum) in [
            (Self.marked(file), "ok"), (Self.measured(file, length: file.count), "ok"),
            (Self.marked(unchecked), "absent"),
        ] {
            let server = ScriptedServer.sending(stream)
            defer { server.stop() }
            try await withBackupFolder { folder in
                let path = folder + "/k.rdb"
                let outcome = try await Bulkhead.run(
                    "backup", "knowledge", "--to", path, "--url", "unix://" + server.path)
                #expect(outcome.exitCode == 0, "\(outcome.errors)")
                #expect(try manifest(path).sourceChecksum == checksum)
                #expect(outcome.errors.contains("no checksum") == (checksum == "absent"))
                #expect(try summary(path).checksum == .right)
                #expect(try summary(path).databases.mapValues(\.keys) == [1: 1])
            }
        }
    }

    @Test func `a connection that is cut anywhere in the snapshot makes no file`() async throws {
        try await withToolServer(arguments: promptly) { server, databases in
            try await fillWithEverything(databases[.knowledge], prefix: "k:")
            let proxy = FaultProxy(to: server.socketPath)
            defer { proxy.stop() }
            for (index, offset) in [9_000, 20_000, 100_000, 300_000].enumerated() {
                proxy[.toClient] = index % 2 == 0 ? [.cut(after: offset)] : [.reset(after: offset)]
                try await withBackupFolder { folder in
                    let outcome = try await Bulkhead.run(
                        "backup", "knowledge", "--method", "sync", "--to", folder + "/k.rdb", "--url",
                        "unix://" + proxy.path)
                    #expect(outcome.exitCode == 2, "\(offset): \(outcome.errors)")
                    #expect(try names(in: folder) == [])
                }
            }
        }
    }

    // The child of a killed Redis 6.2 may live on and keep the connection: it is given up for its silence, in a minute.
    // That of a killed Redis 8 lives on and sends the rest, so that the file is whole.
    @Test(.enabled(if: ServerUnderTest.isAtLeast(redis: 7, 0)))
    func `a server that is killed midway makes no file, and the error says that it is not whole`() async throws {
        try await withToolServer(arguments: promptly + ["--rdbcompression", "no"]) { server, databases in
            let value = RESPBytes(Array(repeating: 7, count: 1_000_000))
            for index in 0..<60 { try await databases[.knowledge].set("large:\(index)", value) }
            let proxy = FaultProxy(to: server.socketPath)
            defer { proxy.stop() }
            // All of it takes seconds.
            proxy[.toClient] = [.latency(.milliseconds(10))]
            try await withBackupFolder { folder in
                async let running = Bulkhead.run(
                    "backup", "knowledge", "--to", folder + "/k.rdb", "--url", "unix://" + proxy.path)
                #expect(await eventually { proxy.byteCount(.toClient) > 1_000_000 })
                server.kill()
                let outcome = try await running
                if ServerUnderTest.isAtLeast(redis: 8, 0) {
                    #expect(outcome.exitCode == 0, "\(outcome.errors)")
                    #expect(try manifest(folder + "/k.rdb").keys == 60)
                    return
                }
                #expect(outcome.exitCode == 2)
                let words = ["not whole", "connection"]
                #expect(words.contains { outcome.errors.contains($0) }, "\(outcome.errors)")
                #expect(try names(in: folder) == [])
            }
        }
    }

    @Test func `a server that falls silent is given up after the named time`() async throws {
        let server = ScriptedServer.sending(Array("\n\n".utf8))
        let silent = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                guard command[0] == "SYNC" else {
                    peer.write("+OK\r\n")
                    continue
                }
                peer.write(bytes: Array(Self.marked(Self.snapshot()).dropLast(60)))
                while peer.readCommand() != nil {}
            }
        }
        defer {
            server.stop()
            silent.stop()
        }
        let databases = try RedisDatabases(url: "unix://" + silent.path)
        let transfer = try databases.snapshotTransfer(
            of: .knowledge, wait: .seconds(10), silence: .milliseconds(300))
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_024, alignment: 1)
        defer { space.deallocate() }
        let error = #expect(throws: RedisError.self) { while try transfer.read(into: space) > 0 {} }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("sent nothing for 0.3 seconds") == true)
        // Keep-alives, and then an end: that is no snapshot either.
        let ended = #expect(throws: RedisError.self) {
            _ = try RedisDatabases(url: "unix://" + server.path).snapshotTransfer(of: .knowledge, wait: .seconds(10))
        }
        #expect(ended?.code == .connectionClosed)
    }

    @Test func `a server that keeps alive and never begins is given up when the wait is over`() async throws {
        let server = ScriptedServer { peer in
            peer.shakeHands()
            while let command = peer.readCommand() {
                guard command[0] == "SYNC" else {
                    peer.write(command[0] == "REPLCONF" ? "+OK\r\n" : "-NOPERM no\r\n")
                    continue
                }
                while peer.write(bytes: [10]) { usleep(20_000) }
            }
        }
        defer { server.stop() }
        try await withBackupFolder { folder in
            let outcome = try await Bulkhead.run(
                "backup", "knowledge", "--method", "sync", "--to", folder + "/k.rdb", "--wait", "4s", "--url",
                "unix://" + server.path)
            #expect(outcome.exitCode == 2)
            #expect(outcome.errors.contains("Waiting for the server's snapshot."))
            #expect(outcome.errors.contains("did not begin its snapshot for 4.0 seconds"), "\(outcome.errors)")
            #expect(try names(in: folder) == [])
        }
    }
}
