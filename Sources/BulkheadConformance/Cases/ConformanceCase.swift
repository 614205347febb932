/// What a server must do: steps over one or several connections, and what they must bring.
public struct ConformanceCase: Sendable {
    /// `databases/select-in-multi`
    public let id: String
    /// What is checked, in a sentence.
    public let sentence: String
    /// The page or the section that says so.
    public package(set) var source = ""
    /// The servers that must; empty for all.
    package var servers: [ServerRange] = []
    /// Commands that the server must have.
    package var needs: [String] = []
    /// The protocols it is run in.
    package var versions = [2, 3]
    /// Connections begin with nothing but a login: no HELLO, no SELECT.
    package var isBare = false
    /// The databases must hold nothing but what the case writes.
    package var isAlone = false
    /// It changes what belongs to the whole server.
    public package(set) var isDestructive = false
    /// It is for a primary of a cluster, and no other case is.
    package var isCluster = false
    /// It runs behind all others, as a server that fails it may be of no use afterwards.
    package var isLast = false
    package var steps: [ConformanceStep] = []

    /// Names of keys in it; `{db}` and its like are none, and what is captured is none.
    package var keys: [String] {
        var captured: Set<String> = []
        var names: [String] = []
        for step in steps {
            for name in step.names where !captured.contains(name) && !Self.isDatabase(name) && !names.contains(name) {
                if isCluster, name == "node" { continue }
                names.append(name)
            }
            captured.formUnion(step.captures)
        }
        return names
    }

    /// The commands that it sends, in upper case, each once.
    public var commands: [String] {
        steps.compactMap(\.command).reduce(into: []) { commands, command in
            if !commands.contains(command) { commands.append(command) }
        }
    }

    /// Whether it uses a database beside the first.
    var usesSeveralDatabases: Bool {
        isAlone || steps.contains { step in step.names.contains { Self.isDatabase($0) } }
    }

    /// `db`, `db2`, `db3`.
    static func isDatabase(_ name: String) -> Bool { ["db", "db2", "db3"].contains(name) }
}

/// A file of cases.
public struct ConformanceChapter: Sendable {
    /// In lower case, as `--chapter` takes it.
    public let name: String
    /// What it is about.
    public package(set) var title = ""
    /// In the order of the file. Whoever wants to run some of them removes the others.
    public var cases: [ConformanceCase] = []
}

package struct ConformanceStep: Sendable {
    enum Action: Sendable {
        case send(Payload, Repetition, expected: ReplyPattern?)
        case expect(ReplyPattern)
        /// The server closes the connection.
        case closed
        /// No byte comes.
        case nothing
        /// Waits until the server says that the connection is blocked.
        case blocked
        case close
        /// On a connection of its own, when the case is over, however it ended.
        case finally(Payload)
    }

    /// How often something is sent.
    enum Repetition: Sendable, Hashable {
        case once
        /// Until the reply is as expected.
        case untilExpected
        /// In two writes, once for every place to cut at.
        case cutEverywhere
        /// So many in one go, with as many equal replies.
        case times(Int)
    }

    /// What is sent.
    enum Payload: Sendable {
        case command([Template])
        /// Bytes as they are.
        case raw(Template)

        var templates: [Template] {
            switch self {
            case .command(let words): words
            case .raw(let bytes): [bytes]
            }
        }
    }

    let line: Int
    /// As it stands in its file.
    let text: String
    let connection: Character
    /// The one protocol it is for; nil for both.
    var version: Int?
    let action: Action
}

extension ConformanceStep {
    /// Variables of what it sends and expects.
    var names: [String] {
        switch action {
        case .send(let payload, _, let expected):
            payload.templates.flatMap(\.variables) + (expected?.variables ?? [])
        case .expect(let pattern): pattern.variables
        case .finally(let payload): payload.templates.flatMap(\.variables)
        default: []
        }
    }

    var captures: [String] {
        switch action {
        case .send(_, _, let expected): expected?.captures ?? []
        case .expect(let pattern): pattern.captures
        default: []
        }
    }

    /// The command that is sent, in upper case; nil for raw bytes and for what sends nothing.
    package var command: String? {
        switch action {
        case .send(.command(let words), _, _), .finally(.command(let words)):
            words.first.map { String(decoding: $0.bytes { _ in [] }, as: UTF8.self).uppercased() }
        default: nil
        }
    }
}

extension ReplyPattern {
    private var parts: [ReplyPattern] {
        switch self {
        case .array(let parts, _), .bag(let parts, _), .set(let parts, _), .map(let parts, _), .push(let parts, _),
            .choice(let parts):
            parts
        default: []
        }
    }

    var variables: [String] {
        switch self {
        case .simple(let text), .error(let text, _), .integer(let text), .bulk(let text), .double(let text),
            .bigNumber(let text), .verbatim(let text), .exactly(let text):
            text.variables
        default: parts.flatMap(\.variables)
        }
    }

    var captures: [String] {
        if case .typed(let pattern) = self { return pattern.capture.map { [$0] } ?? [] }
        return parts.flatMap(\.captures)
    }
}

/// Servers by product and version: `7.0`, `redis 8.0`, `valkey 9.0-9.1`.
package struct ServerRange: Sendable, Hashable {
    /// nil: any product, by the version of Redis that it says it is compatible with.
    let product: String?
    let from: [Int]
    /// The last one, with all that begin with it.
    let through: [Int]?

    package func contains(_ server: ServerIdentity) -> Bool {
        if let product, product != server.product { return false }
        let version = product == nil ? server.compatibility : server.version
        if version.lexicographicallyPrecedes(from) { return false }
        return through.map { !$0.lexicographicallyPrecedes(Array(version.prefix($0.count))) } ?? true
    }
}

/// What a server says it is.
public struct ServerIdentity: Sendable, Hashable, Codable {
    /// `redis`, `valkey`, or what else INFO's `server_name` says.
    public package(set) var product: String
    /// `[7, 0, 15]`; empty if it does not say.
    public package(set) var version: [Int]
    /// The version of Redis whose commands it says it has.
    public package(set) var compatibility: [Int]
    /// What it calls itself, if it is judged as another server.
    public package(set) var label: String?

    package init(product: String, version: [Int], compatibility: [Int]? = nil) {
        self.product = product
        self.version = version
        self.compatibility = compatibility ?? version
    }

    /// The product and its version, for people.
    public var name: String {
        if let label { return label }
        if version.isEmpty { return "A server that does not say its version" }
        let numbers = version.map(String.init).joined(separator: ".")
        return "\(product.prefix(1).uppercased() + product.dropFirst()) \(numbers)"
    }

    static func numbers(_ text: some StringProtocol) -> [Int] {
        text.split(separator: ".").map { Int($0.prefix { $0.isASCII && $0.isNumber }) ?? 0 }
    }
}
