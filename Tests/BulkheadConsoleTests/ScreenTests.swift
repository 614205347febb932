import Foundation
import BulkheadConsole
import BulkheadTestSupport
import Testing

@Suite("A screen") struct ScreenTests {
    private let colourful = ["TERM": "xterm-256color"]

    @Test(arguments: [50, 80, 200])
    func `is as wide as its terminal is now`(columns: Int) throws {
        let terminal = try PseudoTerminal(columns: columns)
        let screen = Screen(of: terminal.program) { ["COLUMNS": "33"][$0] }
        #expect(screen.columns == columns)
        terminal.resize(columns: columns + 7)
        #expect(Screen(of: terminal.program).columns == columns + 7)
    }

    @Test func `asks COLUMNS where the terminal does not know, and takes 80 for anything that is no width`() throws {
        let terminal = try PseudoTerminal(columns: 0)
        #expect(Screen(of: terminal.program) { ["COLUMNS": "123"][$0] }.columns == 123)
        for text in ["", "0", "-5", "wide", "99999999999999999999"] {
            #expect(Screen(of: terminal.program) { ["COLUMNS": text][$0] }.columns == 80)
        }
        #expect(Screen(of: terminal.program) { _ in nil }.columns == 80)
        #expect(Screen(columns: 3).columns == Screen.fewestColumns)
    }

    @Test func `is without width and colours where it is a pipe, whatever the environment says`() throws {
        let pipe = Pipe()
        let screen = Screen(of: pipe.fileHandleForWriting.fileDescriptor) {
            ["COLUMNS": "50", "TERM": "xterm"][$0]
        }
        #expect(screen == .pipe)
        #expect(!screen.isTerminal && screen.proseColumns == nil && screen.pageColumns == 80)
        #expect(screen.inked("x", .error) == "x")
    }

    @Test func `shows colours unless NO_COLOR or the kind of terminal forbids it`() throws {
        let terminal = try PseudoTerminal(columns: 80)
        func hasColours(_ environment: [String: String]) -> Bool {
            Screen(of: terminal.program) { environment[$0] }.hasColours
        }
        #expect(hasColours(["TERM": "xterm"]))
        #expect(hasColours(["TERM": "xterm", "NO_COLOR": ""]))
        #expect(!hasColours(["TERM": "xterm", "NO_COLOR": "1"]))
        #expect(!hasColours(["TERM": "dumb"]))
        #expect(!hasColours([:]))
    }

    @Test func `gives each ink a colour of its own`() {
        let screen = Screen(columns: 80, hasColours: true)
        #expect(Set(Ink.allCases.map { screen.inked("x", $0) }).count == Ink.allCases.count)
        #expect(screen.inked("x", nil) == "x" && screen.inked("", .error) == "")
    }

    @Test func `keeps prose narrow enough to be read, and tables as wide as it is`() {
        #expect(Screen(columns: 200).proseColumns == 100)
        #expect(Screen(columns: 200).columns == 200)
        #expect(Screen(columns: 50).proseColumns(behind: 9) == 41)
        #expect(Screen.pipe.proseColumns(behind: 9) == nil)
    }
}
