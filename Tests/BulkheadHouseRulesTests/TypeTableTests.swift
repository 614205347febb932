import Foundation
import Testing

/// The generator on a small table of its own.
struct TypeTableTests {
    private static let path = "Sources/CommandTable/Lists.types"

    /// Runs the generator in a package that has nothing but this file of types.
    private static func run(
        _ types: String, _ words: String..., then body: (URL) throws -> Void = { _ in }
    ) throws -> (output: String, status: Int32) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bulkhead-types-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        for needed in [
            "Sources/BulkheadCommands", "Sources/CommandTable/Modules", "Tests/CommandCalls/Modules",
            "Sources/ConformanceCases",
        ] {
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent(needed), withIntermediateDirectories: true)
        }
        try Data().write(to: folder.appendingPathComponent("Package.swift"))
        try Data(types.utf8).write(to: folder.appendingPathComponent(path))
        let program = Repository.binaries.appendingPathComponent("BulkheadFacadeGenerator").path
        let outcome = try Child.run(
            "/bin/sh", ["-c", #"cd "$1" && shift && exec "$@" 2>&1"#, "sh", folder.path, program] + words)
        try body(folder)
        return outcome
    }

    @Test func `a record, a row, words and numbers become Swift`() throws {
        let types = """
            record RedisShelf
                What is known of a shelf.
                size: Int        "number of books"  How many books.
                age: Duration    "age"              Since it was made.
                owner: String?   "owner"            Who has it.
                isFull: Bool     `size == 100`      Whether no book more fits.

            row RedisBook<Title>: Equatable  a title and a year
                A book.
                title: Title  Its title.
                year: Int     When it came out.

            words RedisShelfOrder
                How books stand.
                bySize SIZE  The large ones first.
                byYear YEAR  The old ones first; the rest by title.

            numbers RedisReturn
                What became of a book.
                kept -1  It is still out.
            """
        let outcome = try Self.run(types) { folder in
            let file = folder.appendingPathComponent("Sources/BulkheadCommands/Generated/Types+Lists.swift")
            let swift = try String(contentsOf: file, encoding: .utf8)
            for line in [
                "public struct RedisShelf: RedisDecodable {", "public let record: RedisRecord",
                "/// How many books.", "public let size: Int", #"size = try record.required("number of books")"#,
                #"age = .milliseconds(try record.required("age") as Int64)"#,
                #"owner = try record.optional("owner")"#, "isFull = size == 100",
                "public struct RedisBook<Title: RedisDecodable>: RedisDecodable {",
                #"let parts = try value.requireElements("a title and a year", count: 2)"#,
                "title = try Title(redis: parts[0])", "year = try Int(redis: parts[1])",
                "extension RedisBook: Equatable where Title: Equatable {}",
                "public struct RedisShelfOrder: Sendable, Hashable, RedisWordOption {",
                "/// The old ones first (`YEAR`); the rest by title.",
                #"public static let byYear = RedisShelfOrder(word: "YEAR")"#,
                "public static let kept = RedisReturn(rawValue: -1)",
            ] {
                #expect(swift.contains("\(line)\n"), "\(line) is not in \(swift)")
            }
        }
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    @Test(arguments: [
        ("list RedisShelf", 1), ("record shelf", 1), ("record RedisShelf  all", 1), ("row RedisBook", 1),
        ("words RedisShelfOrder<Title>", 1), ("words RedisShelfOrder: Codable", 1),
        ("    size: Int  \"size\"  How many.", 1),
        ("record RedisShelf\n    size: Int  \"size\"  How many.", 1), ("record RedisShelf\n    What it is.", 1),
        ("record RedisShelf\n    What it is.\n    size  \"size\"  How many.", 3),
        ("record RedisShelf\n    What it is.\n    size: Int  How many.", 3),
        ("record RedisShelf\n    What it is.\n    size: Int  size  How many.", 3),
        ("record RedisShelf\n    What it is.\n    size: Int  \"size\"", 3),
        ("record RedisShelf\n    What it is.\n    age: Duration?  \"age\"  Since it was made.", 3),
        ("record RedisShelf\n    What it is.\n    a: Int  \"a\"  One.\n    a: Int  \"b\"  Two.", 4),
        ("record RedisShelf\n    What it is.\n    a: Int  \"a\"  One.\n    b: Int  \"a\"  Two.", 4),
        ("record RedisShelf\n    What it is.\n    a: Int  \"a\"  One.\n    Another sentence.", 4),
        ("row RedisBook  parts\n    A book.\n    rest: ...  More.\n    year: Int  When it came out.", 4),
        ("words RedisShelfOrder\n    How books stand.\n    bySize  The large ones first.", 3),
        ("words RedisShelfOrder\n    How books stand.\n    by-size SIZE  The large ones first.", 3),
        ("numbers RedisReturn\n    What became of it.\n    kept one  It is still out.", 3),
        ("words A\n    One.\n    a A  One.\n\nwords A\n    Two.\n    b B  Two.", 5),
    ])
    func `a line that cannot be read is named with its file and number`(types: String, line: Int) throws {
        let outcome = try Self.run(types)
        #expect(outcome.status == 2)
        #expect(outcome.output.hasPrefix("\(Self.path):\(line): "), "\(outcome.output)")
    }

    @Test func `a check names the file of types that was not written yet`() throws {
        let outcome = try Self.run("words A\n    One.\n    a A  One.", "--check")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("Sources/BulkheadCommands/Generated/Types+Lists.swift is missing\n"))
    }
}
