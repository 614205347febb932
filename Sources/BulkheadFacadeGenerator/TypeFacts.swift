/// One block of a file of types: a reply that is read field by field, or a value that is one of a few words or numbers.
struct TypeFacts {
    enum Kind: String, CaseIterable {
        /// A reply of named fields.
        case record
        /// A reply of so many parts in their order.
        case row
        /// An option of one word.
        case words
        /// A reply of one number, the known ones with names.
        case numbers
    }

    /// A field or part of a reply, or a word or number.
    struct Member {
        /// `path:line`, for messages.
        let place: String
        let name: String
        /// Empty for words and numbers.
        let type: String
        let source: Source
        let sentence: String

        /// What stands in place of the type of all further parts of a row.
        static let rest = "..."
    }

    /// Where a member's value comes from.
    enum Source: Equatable {
        /// A part by its place.
        case place
        /// All further parts of a row.
        case rest
        /// What the server calls a field, or the word or number.
        case server(String)
        /// A Swift expression.
        case code(String)
    }

    let kind: Kind
    /// `path:line`, for messages.
    let place: String
    /// `RedisLibrary`, or `RedisLibrary.Function` for a type within another one.
    let name: String
    /// What a reply is generic over: `Value`; nil if it is not.
    let generic: String?
    /// What it conforms to beside what its kind does.
    let conformances: [String]
    /// What stands behind two spaces: of a record `only`, of a row what it expects.
    let detail: String
    /// Its sentence, and further paragraphs.
    var paragraphs: [String] = []
    var members: [Member] = []

    /// How many parts a row that ends with a rest has at least: of the parts before it, those that are optional or have
    /// an expression may be missing. Nil of other types.
    var leastCount: Int? {
        guard members.last?.source == .rest else { return nil }
        return members.firstIndex { $0.source != .place || $0.type.hasSuffix("?") }
    }
    var isReply: Bool { kind == .record || kind == .row }
    /// Whether a record keeps the fields that have no name here.
    var keepsAll: Bool { kind == .record && detail.isEmpty }
}

/// One file of the table, `Lists.types`.
struct TypeFile {
    /// `Lists`
    let name: String
    /// Relative to the package.
    let path: String
    /// Whether its types are of modules, which are a product of their own.
    let isOfModules: Bool
    let types: [TypeFacts]

    /// Throws where a type stands in two places.
    static func check(_ files: [TypeFile]) throws(GeneratorError) {
        var places: [String: String] = [:]
        for type in files.flatMap(\.types) {
            if let other = places.updateValue(type.place, forKey: type.name) {
                throw GeneratorError(place: type.place, problem: "\(type.name) stands at \(other) too")
            }
        }
    }
}
