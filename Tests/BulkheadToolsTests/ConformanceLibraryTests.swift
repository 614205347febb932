import BulkheadConformance
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Test func `our server does what Redis does`() throws {
    let server = try RedisTestServer.start()  // here: the server that you write
    defer { server.stop() }
    let chapters = try ConformanceChapter.own().filter { ["types", "transactions"].contains($0.name) }
    let target = ConformanceTarget(unixSocket: server.socketPath)
    let report = try ConformanceRun(target, ConformanceOptions(), chapters: chapters).run()
    for failure in report.failures {
        Issue.record("\(failure.id) in RESP\(failure.resp): \(failure.reason ?? "")")
    }
    #expect(report.count(.pass) > 100)
}

/// The kit as a library, over sockets that the caller makes.
@Suite struct ConformanceLibraryTests {
    private static let ping = "title x\nsource y\ncase a: It answers.\n > PING => +PONG"

    @Test func `a target may bring its own sockets, and its report can be written and read`() throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let path = server.socketPath
        let target = ConformanceTarget(named: "ours") { () throws(ConformanceError) in
            let descriptor = openStreamSocket(AF_UNIX)
            guard withUnixAddress(path, { connect(descriptor, $0, $1) == 0 }) else {
                close(descriptor)
                throw ConformanceError(description: "ours is not there")
            }
            return descriptor
        }
        let chapter = try ConformanceChapter(named: "x", Self.ping)
        let report = try ConformanceRun(target, ConformanceOptions(), chapters: [chapter]).run()
        #expect(report.address == "ours")
        #expect(report.count(.pass) == 2)
        let json = try JSONEncoder().encode(report)
        #expect(String(decoding: json, as: UTF8.self).contains(#""outcome":"pass""#))
        let read = try JSONDecoder().decode(ConformanceReport.self, from: json)
        #expect(read.results.map(\.outcome) == [.pass, .pass])
    }

    @Test func `a server that cannot be connected to is an error`() throws {
        let target = ConformanceTarget(named: "ours") { () throws(ConformanceError) in
            throw ConformanceError(description: "ours is not there")
        }
        let chapter = try ConformanceChapter(named: "x", Self.ping)
        #expect(throws: ConformanceError(description: "ours is not there")) {
            try ConformanceRun(target, ConformanceOptions(), chapters: [chapter]).run()
        }
    }
}

func withUnixAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
