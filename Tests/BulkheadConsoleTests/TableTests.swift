import BulkheadTestSupport
import Testing

@testable import BulkheadConsole

@Suite struct TableTests {
    @Test func `text stands to the left, numbers to the right, under a rule`() {
        var table = Table(columns: [.text("layout"), .number("GET p50"), .number("p99")])
        table.append(["one database", "183 µs", "1.62 ms"])
        table.append(["two", "81 µs", "–"])
        #expect(table.text() == """
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

    @Test func `a character counts as one column, whatever its script`() {
        var table = Table(columns: [.text("名"), .number("µ")])
        table.append(["é\u{301}ü", "1"])
        table.append(["日本語", "23"])
        #expect(table.lines() == ["名     µ", "---  --", "é\u{301}ü    1", "日本語  23"])
    }

    @Test func `a line break in a cell does not break the table`() {
        var table = Table(columns: [.text("a\tb")])
        table.append(["x\ny\r\nz"])
        #expect(table.lines() == ["a b", "-----", "x y z"])
    }

    @Test func `a table that just fits is not changed, and one column less shortens the widest text`() {
        var table = Table(columns: [.text("name"), .text("note"), .number("n")])
        let (name, note) = (String(repeating: "a", count: 30), String(repeating: "b", count: 40))
        table.append([name, note, "123456"])
        #expect(table.lines(width: 80).last == "\(name)  \(note)  123456")
        #expect(table.lines(width: 79).last == "\(name)  \(note.dropLast(2))…  123456")
    }

    @Test func `a table too wide for shortened text goes on in blocks that repeat the first column`() {
        var table = Table(columns: [.text("layout"), .number("first"), .number("second"), .number("third")])
        table.append(["a layout with a long name", "1111111111", "2222222222", "3333333333"])
        #expect(table.lines(width: 40) == [
            "layout             first      second",
            "------------  ----------  ----------",
            "a layout wi…  1111111111  2222222222",
            "",
            "layout             third",
            "------------  ----------",
            "a layout wi…  3333333333",
        ])
    }

    @Test func `no table of ordinary cells is wider than 80 columns, and no number is cut`() {
        var generator = SeededGenerator(seed: 23)
        for _ in 0..<300 {
            let isNumber = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                Bool.random(using: &generator)
            }
            func cell(_ isNumber: Bool) -> String {
                String(repeating: isNumber ? "7" : "w", count: .random(in: 0...(isNumber ? 30 : 90), using: &generator))
            }
            var table = Table(columns: isNumber.map { $0 ? .number(cell($0)) : .text(cell($0)) })
            var numbers: [String] = []
            for _ in 0..<4 {
                let row = isNumber.map(cell)
                numbers += zip(row, isNumber).filter { $1 && !$0.isEmpty }.map(\.0)
                table.append(row)
            }
            let lines = table.lines()
            #expect(lines.allSatisfy { $0.count <= 80 })
            let shown = Set(lines.joined(separator: " ").split(separator: " ").map(String.init))
            #expect(shown.isSuperset(of: numbers))
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
