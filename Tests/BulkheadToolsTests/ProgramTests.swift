import Foundation
import Testing

/// The real program, as a child process.
@Suite(.timeLimit(.minutes(10))) struct ProgramTests {
    static let corpus = RESPTranscriptTests.types.flatMap(\.wire)

    @Test func `whole replies are printed one a line, and the exit code is 0`() async throws {
        let outcome = try await Bulkhead.run("resp", input: Self.corpus)
        #expect(outcome.text == RESPTranscriptTests.types.map { $0.line + "\n" }.joined())
        #expect(outcome.errors == "")
        #expect(outcome.exitCode == 0)
    }

    @Test func `no input is no reply`() async throws {
        let outcome = try await Bulkhead.run("resp")
        #expect(outcome.output.isEmpty)
        #expect(outcome.exitCode == 0)
    }

    @Test func `input that ends inside a reply exits 66`() async throws {
        let outcome = try await Bulkhead.run("resp", input: "+OK\r\n$5\r\nhel".utf8)
        #expect(outcome.text == #"{"t":"simple","v":"OK"}"# + "\n" + #"{"t":"incomplete"}"# + "\n")
        #expect(outcome.exitCode == 66)
    }

    @Test func `a violation exits 65 behind the good replies`() async throws {
        let outcome = try await Bulkhead.run("resp", input: "+OK\r\n#x\r\n+OK\r\n".utf8)
        #expect(
            outcome.text == #"{"t":"simple","v":"OK"}"# + "\n"
                + #"{"t":"violation","kind":"malformed-boolean","offset":6,"message":"expected t or f"}"# + "\n")
        #expect(outcome.exitCode == 65)
    }

    @Test(arguments: ["", "#x\r\n", "$9\r\nabc", "*2\r\n:1\r\n"])
    func `a chunk of any size prints the same`(end: String) async throws {
        // Longer than a block of input, so that chunks and blocks end at different bytes.
        let input = repeatElement(Self.corpus, count: 100).joined() + Array(end.utf8)
        let whole = try await Bulkhead.run("resp", input: input)
        #expect(whole.output.count > input.count)
        for chunk in ["1", "3", "65537", "9223372036854775807"] {
            let outcome = try await Bulkhead.run("resp", "--chunk", chunk, input: input)
            #expect(outcome.output == whole.output)
            #expect(outcome.exitCode == whole.exitCode)
        }
    }

    @Test func `encoded commands come out as wire bytes`() async throws {
        let outcome = try await Bulkhead.run("resp", "--encode", input: "[\"GET\",\"é\"]\n\n[{\"hex\":\"50\"}]".utf8)
        #expect(outcome.text == "*2\r\n$3\r\nGET\r\n$2\r\né\r\n*1\r\n$1\r\nP\r\n")
        #expect(outcome.exitCode == 0)
    }

    @Test func `a bad line exits 65 behind the good lines, and standard error tells which it is`() async throws {
        let outcome = try await Bulkhead.run("resp", "--encode", input: "[\"PING\"]\n[]\n[\"PING\"]\n".utf8)
        #expect(outcome.text == "*1\r\n$4\r\nPING\r\n")
        #expect(outcome.errors == "bulkhead resp --encode: line 2: a command needs at least its name\n")
        #expect(outcome.exitCode == 65)
    }

    @Test(arguments: [
        (["resp", "--chnk", "1"], "bulkhead resp: unknown flag --chnk; did you mean --chunk?"),
        (["resp", "--decode"], "bulkhead resp: unknown flag --decode; did you mean --encode?"),
        (["resp", "--chunks=1"], "bulkhead resp: unknown flag --chunks; did you mean --chunk?"),
        (["resp", "-c"], "bulkhead resp: unknown flag -c; did you mean --chunk?"),
        (["--versoin"], "bulkhead: unknown flag --versoin; did you mean --version?"),
        (["rsep"], "bulkhead: unknown command 'rsep'; did you mean resp?"),
        (["help", "hlep"], "bulkhead: unknown command 'hlep'; did you mean help?"),
        (["help", "resp", "resp"], "bulkhead help: unexpected argument 'resp'"),
        (["resp", "file"], "bulkhead resp: unexpected argument 'file'"),
        (["resp", "--", "--encode"], "bulkhead resp: unexpected argument '--encode'"),
        (["resp", "--encode", "--encode"], "bulkhead resp: --encode is given twice"),
        (["resp", "--encode=yes"], "bulkhead resp: --encode takes no value"),
        (["resp", "--chunk"], "bulkhead resp: --chunk needs a value: --chunk N"),
        (["resp", "--chunk", "0"], "bulkhead resp: --chunk takes a positive integer, not '0'"),
        (["resp", "--chunk=-1"], "bulkhead resp: --chunk takes a positive integer, not '-1'"),
        (["resp", "--chunk", "1.5"], "bulkhead resp: --chunk takes a positive integer, not '1.5'"),
        (["resp", "--chunk="], "bulkhead resp: --chunk takes a positive integer, not an empty text"),
        (
            ["resp", "--chunk", "9223372036854775808"],
            "bulkhead resp: --chunk takes a positive integer, not '9223372036854775808'"
        ),
        (
            ["resp", "--encode", "--chunk", "1"],
            "bulkhead resp: --chunk is for decoding: leave it out, or leave out --encode"
        ),
    ])
    func `a wrong call exits 64 and says what is wrong`(words: [String], message: String) async throws {
        let line = (["bulkhead"] + words.map { "'\($0)'" }).joined(separator: " ")
        let outcome = try await Bulkhead.shell(line, input: "+OK\r\n".utf8)
        #expect(outcome.errors.split(separator: "\n").first.map(String.init) == message)
        #expect(outcome.output.isEmpty)
        #expect(outcome.exitCode == 64)
    }

    @Test func `an input or output that fails exits 74`() async throws {
        let reading = try await Bulkhead.shell("bulkhead resp < /")
        #expect(reading.errors.hasPrefix("bulkhead resp: reading standard input failed: "))
        #expect(reading.exitCode == 74)
        let closed = try await Bulkhead.shell("bulkhead --help >&-")
        #expect(closed.errors.hasPrefix("bulkhead: writing standard output failed: "))
        #expect(closed.exitCode == 74)
    }

    @Test func `a reader that leaves ends the program quietly with 0`() async throws {
        let replies = repeatElement("+OK\r\n".utf8, count: 100_000).joined()
        let outcome = try await Bulkhead.shell("{ bulkhead resp; echo $? >&2; } | head -n 1", input: Array(replies))
        #expect(outcome.text == #"{"t":"simple","v":"OK"}"# + "\n")
        #expect(outcome.errors == "0\n")
    }

    @Test(arguments: [
        (["resp"], "+OK\r\n:4", #"{"t":"simple","v":"OK"}"# + "\n"),
        (["resp", "--encode"], "[\"PING\"]\n[", "*1\r\n$4\r\nPING\r\n"),
    ])
    func `a reply is printed before the next byte is waited for`(
        words: [String], begin: String, answer: String
    ) throws {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = Bulkhead.executable
        process.arguments = words
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(begin.utf8))
        var received = Data()
        while received.count < answer.utf8.count {
            // The input is still open: were the answer kept back, this would wait until the time limit.
            let part = output.fileHandleForReading.availableData
            guard !part.isEmpty else { break }
            received += part
        }
        #expect(String(decoding: received, as: UTF8.self) == answer)
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        #expect(process.terminationStatus == (words.count == 1 ? 66 : 65))
    }

    #if os(Linux)
    @Test func `the program links neither the whole of Foundation nor ICU`() async throws {
        let outcome = try await Bulkhead.shell("ldd '\(Bulkhead.executable.path)'")
        #expect(outcome.text.contains("libc"))
        for library in ["libFoundation.so", "FoundationICU", "FoundationInternationalization"] {
            #expect(!outcome.text.contains(library))
        }
    }
    #endif
}
