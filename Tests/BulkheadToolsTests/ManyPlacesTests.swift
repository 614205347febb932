import Bulkhead
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// One process whose names live in many places: on servers, plain and over TLS, behind sentinels, and in clusters.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ManyPlacesTests {
    /// Names, and the member of the catalogue that says where each is.
    private struct Names {
        private(set) var all: [String] = []
        private var lines: [String] = []

        mutating func add(_ name: String, _ numbers: some Sequence<Int>, at place: String) {
            for number in numbers {
                all.append("\(name)-\(number)")
                lines.append(#"{"name": "\#(name)-\#(number)", "number": \#(number), \#(place)}"#)
            }
        }

        var json: String { "{\"databases\": [\n\(lines.joined(separator: ",\n"))\n]}" }
    }

    private static func list(_ addresses: [String]) -> String {
        "[" + addresses.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    }

    /// Starts everything, and stops it behind the body.
    private func withPlaces(_ body: (Names, _ folder: String) async throws -> Void) async throws {
        let certificates = TestCertificates.shared
        var names = Names()
        let plain = try RedisTestServer.start()
        defer { plain.stop() }
        names.add("plain", 0..<16, at: #""url": "unix://\#(plain.socketPath)""#)
        // Some servers are built without TLS.
        let sealed = try (0..<2).map { _ in try RedisTestServer.start() }
        defer { for server in sealed { server.stop() } }
        let proxies = try sealed.map { try RedisTestTLSProxy.start(to: $0, certificates.server.tls) }
        defer { for proxy in proxies { proxy.stop() } }
        for (index, proxy) in proxies.enumerated() {
            let url = "\(proxy.url)?tls_ca_file=\(certificates.authority)"
            names.add("sealed\(index)", 0..<3, at: #""url": "\#(url)""#)
        }
        var watching = RedisTestSentinelGroup.Options()
        (watching.replicas, watching.sentinels) = (1, 1)
        let groups: [RedisTestSentinelGroup] = try await startedTogether(
            ["first", "second"].map { name in
                watching.name = name
                return watching
            })
        defer { for group in groups { group.stop() } }
        for group in groups {
            let place = #""sentinels": \#(Self.list(group.sentinelAddresses)), "primary": "\#(group.primaryAddress)""#
            names.add(group.name, 0..<3, at: place)
        }
        var spreading = RedisTestCluster.Options()
        var options = [3, 1].map { count in
            spreading.primaries = count
            return spreading
        }
        if let binary = ServerUnderTest.valkey9 {
            (spreading.server.binary, spreading.databases, spreading.primaries) = (binary, 16, 3)
            options.append(spreading)
        } else {
            print("*** SKIPPED: no name shares a cluster with others, as there is no Valkey 9: run Tests/fetch-servers")
        }
        let clusters: [RedisTestCluster] = try await startedTogether(options)
        defer { for cluster in clusters { cluster.stop() } }
        for (index, cluster) in clusters.enumerated() {
            let isNumbered = cluster.options.databases > 1
            names.add(
                isNumbered ? "numbered" : "spread\(index)", isNumbered ? 0..<6 : 0..<1,
                at: #""cluster": \#(Self.list(cluster.addresses))"#)
        }
        try await withBackupFolder { try await body(names, $0) }
    }

    @Test func `each name has its own keys, for tasks and for threads, and the tools know all of them`() async throws {
        try await withPlaces { names, folder in
            #expect(names.all.count > 20)
            let file = folder + "/names.json"
            try names.json.write(toFile: file, atomically: true, encoding: .utf8)
            let databases = RedisDatabases(
                RedisConfiguration(port: 1), catalogue: try DatabaseCatalogue(contentsOfFile: file))
            try await withThrowingTaskGroup { group in
                for name in names.all {
                    group.addTask {
                        let database = try databases[DatabaseName(name)]
                        for turn in 0..<20 { try await database.set("task:\(turn)", "\(name) \(turn)") }
                        try await database.set("\(name):task", "here")
                    }
                    group.addTask {
                        try await onThread {
                            let database = try databases.blocking(DatabaseName(name))
                            for turn in 0..<20 { try database.set("thread:\(turn)", "\(name) \(turn)") }
                            try database.set("\(name):thread", "here")
                        }
                    }
                }
                try await group.waitForAll()
            }
            for name in names.all {
                let database = try databases[DatabaseName(name)]
                for turn in 0..<20 { #expect(try await database.get("thread:\(turn)") == "\(name) \(turn)") }
                #expect(try await database.dbsize() == 42, "\(name)")
                #expect(try await database.exists("\(name):task", "\(name):thread") == 2)
                let values = try await onThread { () throws -> [String?] in
                    let database = try databases.blocking(DatabaseName(name))
                    return try (0..<20).map { try database.get("task:\($0)") }
                }
                #expect(values == (0..<20).map { "\(name) \($0)" })
            }
            await databases.close()
            try await checkTools(names.all, file)
        }
    }

    private func checkTools(_ names: [String], _ catalogue: String) async throws {
        let check = try await Bulkhead.run("check", "--json", "-q", "--catalogue", catalogue)
        #expect(check.exitCode == 0, "\(check.errors)")
        let servers = try Self.servers(check)
        let reports = servers.compactMap { $0["databases"] as? [[String: Any]] }.joined()
        #expect(Set(reports.compactMap { $0["name"] as? String }) == Set(names))
        #expect(reports.allSatisfy { $0["keys"] as? Int == 42 }, "\(check.text)")
        let doctor = try await Bulkhead.run("doctor", "--json", "--catalogue", catalogue)
        #expect(doctor.exitCode < 2, "\(doctor.errors)")
        // It looks at each server of a cluster by itself.
        let addresses = Set(try Self.servers(doctor).compactMap { $0["address"] as? String })
        let wanted = servers.compactMap { $0["address"] as? String }.flatMap { address in
            address.replacing("the cluster of ", with: "").split(separator: ", ").map(String.init)
        }
        #expect(addresses == Set(wanted))
    }

    private static func servers(_ outcome: Bulkhead.Outcome) throws -> [[String: Any]] {
        let document = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
        return try #require(document?["servers"] as? [[String: Any]])
    }
}
