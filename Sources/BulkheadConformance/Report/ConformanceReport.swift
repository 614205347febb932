/// What a server did in each case. It is written as JSON as `bulkhead conformance --json` prints it.
public struct ConformanceReport: Sendable, Codable {
    /// What came of a case.
    public struct Outcome: Sendable, Hashable, Codable {
        /// `pass`, `fail` or `not-offered`.
        public let name: String

        /// The server did what it must.
        public static let pass = Outcome(name: "pass")
        /// The server did something else.
        public static let fail = Outcome(name: "fail")
        /// The case was not run, or the server has not what it is about.
        public static let notOffered = Outcome(name: "not-offered")

        private init(name: String) { self.name = name }

        /// Reads the name.
        public init(from decoder: any Decoder) throws {
            name = try decoder.singleValueContainer().decode(String.self)
        }

        /// Writes the name.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(name)
        }
    }

    /// What was sent or received on a connection.
    public struct Message: Sendable, Codable {
        /// Its letter in the case.
        public let connection: String
        /// False: it was received.
        public let sent: Bool
        /// Printable ASCII as it is and all else escaped (`\r`, `\x00`); of more than 400 bytes the middle is left out.
        public let bytes: String
    }

    /// What a server did in one case in one protocol.
    public struct Result: Sendable, Codable {
        /// The case, such as `databases/move`.
        public let id: String
        /// The chapter of the case.
        public let chapter: String
        /// What is checked, in a sentence.
        public let sentence: String
        /// The page that says so.
        public let source: String
        /// 2 or 3.
        public let resp: Int
        /// What came of it.
        public let outcome: Outcome
        /// Why it failed or is not offered; nil for a pass.
        public var reason: String?
        /// The commands it is about.
        public let commands: [String]
        /// What was sent and received; empty if the case was not run.
        public var messages: [Message] = []
    }

    /// What the server says it is.
    public let server: ServerIdentity
    /// How the target calls the server.
    public let address: String
    /// In the order of the chapters and of their cases, RESP2 before RESP3.
    public var results: [Result] = []

    /// How many cases had this outcome, each protocol counted by itself.
    public func count(_ outcome: Outcome) -> Int { results.count { $0.outcome == outcome } }

    /// What the server failed.
    public var failures: [Result] { results.filter { $0.outcome == .fail } }

    /// The chapters in their order.
    public var chapters: [String] {
        results.reduce(into: []) { chapters, result in
            if chapters.last != result.chapter { chapters.append(result.chapter) }
        }
    }
}
