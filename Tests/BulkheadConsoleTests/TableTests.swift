import BulkheadTestSupport
import Testing

@testable import BulkheadConsole

@Suite struct TableTests {
    @Test func `text stands to the left, numbers to the right, under a rule`() {
        var table = Table(columns: [.text("layout"), .number("GET p50"), .number("p99")])
        table.append(["one database", "183 µs", "1.62 ms"])
        table.append(["two", "81 µs", "–"])
        #expect(
            table.text() == """
                layout        GET p50      p99
                ------------  -------  -------
                one database   183 µs  1.62 ms
                two             81 µs        –

                """)
    }

    @Test func `no line ends in spaces`() {
        var table = Table(columns: [.number("n"), .text("a long title")])
        table.append(["1", "x"])
        table.append(["2", ""])
        #expect(table.lines() == ["n  a long title", "-  ------------", "1  x", "2"])
    }

    @Test func `a character counts as many columns as a terminal shows it in`() {
        var table = Table(columns: [.text("名"), .number("µ")])
        table.append(["é\u{301}ü", "1"])
        table.append(["日本語", "23"])
        #expect(table.lines() == ["名       µ", "------  --", "é\u{301}ü       1", "日本語  23"])
    }

    @Test(arguments: [
        ("", 0), ("abc", 3), ("é", 1), ("e\u{301}", 1), ("µ – …", 5), ("日本語:キー", 11), ("한글", 4), ("ｱ", 1), ("Ａ", 2),
        ("🙂", 2), ("👩‍👩‍👧", 2), ("①", 1), ("─", 1), ("\u{1112}\u{1161}\u{11ab}", 2),
    ])
    func `wide characters take two columns, and marks none`(text: String, columns: Int) {
        #expect(text.columns == columns)
    }

    @Test func `a beginning is cut between characters, and is never too wide`() {
        #expect((0...5).map { String("a日本".prefix(columns: $0)) } == ["", "a", "a", "a日", "a日", "a日本"])
    }

    @Test func `a text with wide characters is wrapped by its columns`() {
        #expect("日本 語 a".wrapped(to: 6) == ["日本", "語 a"])
    }

    @Test func `a line break in a cell does not break the table`() {
        var table = Table(columns: [.text("a\tb")])
        table.append(["x\ny\r\nz"])
        #expect(table.lines() == ["a b", "-----", "x y z"])
    }

    @Test func `a table that just fits is not changed, and one column less wraps the widest text between words`() {
        var table = Table(columns: [.text("name"), .text("note"), .number("n")])
        let name = String(repeating: "a", count: 30)
        table.append([name, "what the note says in forty more columns", "123456"])
        #expect(table.lines(width: 80).last == "\(name)  what the note says in forty more columns  123456")
        #expect(
            table.lines(width: 79).suffix(2) == [
                "\(name)  what the note says in forty more         123456",
                "\(String(repeating: " ", count: 30))  columns",
            ])
    }

    @Test func `a table too wide for wrapped text goes on in blocks that repeat the first column`() {
        var table = Table(columns: [.text("layout"), .number("first"), .number("second"), .number("third")])
        table.append(["a layout with a long name", "1111111111", "2222222222", "3333333333"])
        #expect(
            table.lines(width: 40) == [
                "layout                 first      second",
                "----------------  ----------  ----------",
                "a layout with a   1111111111  2222222222",
                "long name",
                "",
                "layout                          third",
                "-------------------------  ----------",
                "a layout with a long name  3333333333",
            ])
    }

    @Test func `where not even two columns fit each row is a list of titles and cells`() {
        var table = Table(columns: [.text("key"), .text("database"), .number("memory")])
        let key = "analytics:a-key-without-any-gap"
        table.append([key, "analytics", "1.20 MiB"])
        table.append(["k", "main", "5 B"])
        #expect(
            table.lines(width: 30) == [
                "key       \(key)", "database  analytics", "memory    1.20 MiB", "",
                "key       k", "database  main", "memory    5 B",
            ])
    }

    @Test func `what stands to the right of others in its column still does when its words are wrapped`() {
        var table = Table(columns: [.text("prefix"), .number("n")])
        table.append(["  user sessions of today", "1"])
        #expect(
            table.lines(width: 20) == [
                "prefix             n", "-----------------  -", "  user sessions    1", "  of today",
            ])
    }

    @Test func `into a pipe a table is as wide as its cells`() {
        var table = Table(columns: [.text("name"), .number("n")])
        let name = String(repeating: "word ", count: 100) + "end"
        table.append([name, "1"])
        #expect(table.text(on: .pipe).hasSuffix("\n\(name)  1\n"))
    }

    @Test func `colours change no width, and are none where the screen has none`() {
        var table = Table(columns: [.text("what"), .number("n")])
        table.append(["full", "1"], inks: [0: .warning, 1: .error])
        let colours = Screen(columns: 80, hasColours: true)
        #expect(table.lines(on: colours).last == "\u{1b}[33mfull\u{1b}[0m  \u{1b}[31m1\u{1b}[0m")
        #expect(table.lines(on: Screen(columns: 80)).last == "full  1")
    }

    @Test(arguments: [30, 50, 80, 200])
    func `no table is wider than its screen, and no word of it is broken or lost`(width: Int) {
        var generator = SeededGenerator(seed: 23)
        for _ in 0..<300 {
            let isNumber = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                Bool.random(using: &generator)
            }
            func word(_ longest: Int) -> String {
                let letter = "abcdefghijklmnop".randomElement(using: &generator)!
                return String(repeating: letter, count: .random(in: 1...longest, using: &generator))
            }
            func cell(_ isNumber: Bool) -> String {
                isNumber
                    ? word(10)
                    : (0..<Int.random(in: 0...9, using: &generator)).map { _ in word(10) }
                        .joined(separator: " ")
            }
            var table = Table(columns: isNumber.map { $0 ? .number(cell($0)) : .text(cell($0)) })
            for _ in 0..<4 { table.append(isNumber.map(cell)) }
            let lines = table.lines(width: width)
            #expect(lines.allSatisfy { $0.count <= width })
            let shown = Set(lines.joined(separator: " ").split(separator: " "))
            let words = (table.columns.map(\.title) + table.rows.joined()).flatMap { $0.split(separator: " ") }
            #expect(shown.isSuperset(of: words))
        }
    }

    @Test func `a table without columns or rows is empty or only a header`() {
        #expect(Table(columns: []).text() == "")
        #expect(Table(columns: [.text("a")]).lines() == ["a", "-"])
    }

    @Test func `a row with a cell too few is refused`() async {
        await #expect(processExitsWith: .failure) {
            var table = Table(columns: [.text("a"), .text("b")])
            table.append(["1"])
        }
    }
}
