/// What a server did in each case.
package struct ConformanceReport: Sendable, Codable {
    package enum Outcome: String, Sendable, Codable {
        case pass, fail
        /// The case was not run, or the server has not what it is about.
        case notOffered = "not-offered"
    }

    /// What was sent or received on a connection, escaped.
    package struct Message: Sendable, Codable {
        package let connection: String
        package let sent: Bool
        package let bytes: String
    }

    package struct Result: Sendable, Codable {
        package let id: String
        package let chapter: String
        package let sentence: String
        package let source: String
        /// 2 or 3.
        package let resp: Int
        package let outcome: Outcome
        /// Why it failed or is not offered.
        package var reason: String?
        /// The commands it is about.
        package let commands: [String]
        package var messages: [Message] = []
    }

    package let server: ServerIdentity
    package let address: String
    package var results: [Result] = []

    package func count(_ outcome: Outcome) -> Int { results.count { $0.outcome == outcome } }

    package var failures: [Result] { results.filter { $0.outcome == .fail } }

    /// The chapters in their order.
    package var chapters: [String] {
        results.reduce(into: []) { chapters, result in
            if chapters.last != result.chapter { chapters.append(result.chapter) }
        }
    }
}
