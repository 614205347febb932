import Bulkhead
import BulkheadTestSupport
import Foundation
import Synchronization
import Testing

@testable import BulkheadTools

@Suite("Servers that load their data", .timeLimit(.minutes(5))) struct LoadingServerTests {
    /// Says of itself that it loads, as often as is left of `times`.
    private func server(loading times: Int, asked: Gauge) -> ScriptedServer {
        .answering { command in
            guard command[0] == "INFO" else { return "-ERR unknown command '\(command[0])'\r\n" }
            let isLoading = asked.next() <= times
            let text = "redis_version:7.0.15\r\nloading:\(isLoading ? 1 : 0)\r\nloading_eta_seconds:7\r\n"
            return "$\(text.utf8.count)\r\n\(text)\r\n"
        }
    }

    @Test func `it is said, and waited for`() async throws {
        let asked = Gauge()
        let server = server(loading: 2, asked: asked)
        defer { server.stop() }
        let databases = RedisDatabases(try RedisConfiguration(url: "unix://\(server.path)"))
        let said = Gauge()
        Notices.hear { said.take($0) }
        defer { Notices.hear(by: nil) }
        let facts = try await ServerFacts(of: try databases[.main])
        #expect(!facts.isLoading && asked.count == 3)
        #expect(said.words.count == 1)
        #expect(said.words.first?.hasSuffix("is loading its data, for about 7 more seconds: waiting.") == true)
        await databases.close()
    }

    @Test(arguments: [["check"], ["diff", "main", "knowledge"], ["flush", "prompts", "--dry-run"]])
    func `who is asked to stop meanwhile ends at once, with that reason`(words: [String]) async throws {
        let asked = Gauge()
        let server = server(loading: .max, asked: asked)
        defer { server.stop() }
        let outcome = try await Bulkhead.run(words + ["--url", "unix://\(server.path)"]) { process in
            while asked.count < 2 { try await Task.sleep(for: .milliseconds(10)) }
            kill(process, SIGTERM)
        }
        #expect(outcome.exitCode == 2)
        #expect(outcome.errors.contains("is loading its data"), "\(outcome.errors)")
    }

    @Test func `doctor does not wait, and says so`() async throws {
        let server = server(loading: .max, asked: Gauge())
        defer { server.stop() }
        let outcome = try await Bulkhead.run("doctor", "--json", "--url", "unix://\(server.path)")
        #expect(outcome.exitCode == 1, "\(outcome.errors)")
        #expect(outcome.text.contains(#""loading""#), "\(outcome.text)")
    }
}

/// Counts, and keeps words.
private final class Gauge: Sendable {
    private let state = Mutex<(count: Int, words: [String])>((0, []))

    var count: Int { state.withLock { $0.count } }
    var words: [String] { state.withLock { $0.words } }

    func next() -> Int {
        state.withLock { state in
            state.count += 1
            return state.count
        }
    }

    func take(_ word: String) { state.withLock { $0.words.append(word) } }
}
