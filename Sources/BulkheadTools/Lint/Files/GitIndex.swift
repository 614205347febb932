import BulkheadLint

/// What is staged for the next commit: the blobs of git's index, whatever the work tree holds meanwhile.
struct GitIndex {
    let selection: LintSelection
    /// How messages call the program.
    let program: String

    /// A file that the next commit adds or changes.
    private struct Entry {
        let path: [UInt8]
        let blob: String
        let isExecutable: Bool
    }

    /// Hands every staged file to lint to `body`, in git's order; `operands` name files and folders, none of them all.
    func forEach(
        in operands: [String], _ body: (LintInput) throws(ProgramFailure) -> Void
    ) throws(ProgramFailure) {
        let entries = try staged(in: operands).filter { entry in
            let folders = entry.path.split(separator: UInt8(ascii: "/")).dropLast()
            return !selection.excludes(entry.path) && !folders.contains { selection.skips(folder: Array($0)) }
                && (LintLanguage(path: entry.path) != nil
                    || selection.mayBeScript(entry.path, isExecutable: entry.isExecutable))
        }
        guard !entries.isEmpty else { return }
        let git = try start(["cat-file", "--batch"])
        let questions = Descriptor(number: git.input, name: "to git")
        var answers = BlobReader(Descriptor(number: git.output, name: "from git"))
        defer { git.wait() }
        for entry in entries {
            try questions.writeAll(entry.blob + "\n")
            guard let (bytes, isWhole) = try answers.next() else {
                throw failure("git names a blob that it does not have")
            }
            if let content = isWhole ? selection.content(bytes, at: entry.path) : LintSelection.tooLarge {
                try body(LintInput(path: entry.path, content: content))
            }
        }
    }

    /// What `git diff --cached` lists: added, changed and retyped files; a renamed one is an added one. Links and
    /// submodules hold no source.
    private func staged(in operands: [String]) throws(ProgramFailure) -> [Entry] {
        // Outside of a repository diff prints its whole manual, this one a line.
        _ = try output(of: ["rev-parse", "--git-dir"])
        let arguments = [
            "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--ignore-submodules",
            "--diff-filter=ACMT", "--",
        ]
        let output = try output(of: ["--literal-pathspecs"] + arguments + operands)
        // `:100644 100755 1a… 2b… M`, a zero, the path, a zero.
        let fields = output.split(separator: 0, omittingEmptySubsequences: false)
        var entries: [Entry] = []
        for index in stride(from: 0, to: fields.count - 1, by: 2) {
            let words = fields[index].split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
            guard words.count == 5 else { throw failure("the output of git diff --raw is not understood") }
            guard words[1].hasPrefix("100") else { continue }
            entries.append(
                Entry(path: Array(fields[index + 1]), blob: words[3], isExecutable: words[1] == "100755"))
        }
        return entries
    }

    private func start(_ arguments: [String]) throws(ProgramFailure) -> ChildProcess {
        do throws(ChildProcess.Failure) {
            return try ChildProcess(["git"] + arguments, input: .pipe, output: .pipe)
        } catch {
            throw failure(error.description)
        }
    }

    private func output(of arguments: [String]) throws(ProgramFailure) -> [UInt8] {
        let git = try start(arguments)
        let bytes = git.readOutput()
        let exitCode = git.wait().exitCode
        guard exitCode == 0 else { throw failure("git ended with exit code \(exitCode)") }
        return bytes
    }

    private func failure(_ reason: String) -> ProgramFailure {
        ProgramFailure(.failed, "\(program): --staged needs git and a repository: \(reason)")
    }
}

/// The answers of `git cat-file --batch`: a line `1a… blob 12`, the bytes, and a line feed.
private struct BlobReader {
    private var block: InputBlock
    private var rest: ArraySlice<UInt8> = []

    init(_ output: Descriptor) {
        block = InputBlock(output)
    }

    /// The bytes of the next answer, none if it is too large; nil if git does not have the blob, or has ended.
    mutating func next() throws(ProgramFailure) -> (bytes: [UInt8], isWhole: Bool)? {
        var line: [UInt8] = []
        while let byte = try byte(), byte != UInt8(ascii: "\n"), line.count < 256 { line.append(byte) }
        let words = line.split(separator: 0x20)
        guard words.count == 3, words[1].elementsEqual("blob".utf8),
            var missing = Int(String(decoding: words[2], as: UTF8.self)), missing >= 0
        else { return nil }
        let isTooLarge = missing > LintSelection.largestFile
        var bytes: [UInt8] = []
        while missing > 0 {
            guard try fill() else { return nil }
            let part = rest.prefix(missing)
            if !isTooLarge { bytes += part }
            missing -= part.count
            rest = rest.dropFirst(part.count)
        }
        _ = try byte()
        return (bytes, !isTooLarge)
    }

    private mutating func byte() throws(ProgramFailure) -> UInt8? {
        try fill() ? rest.popFirst() : nil
    }

    /// False at the end.
    private mutating func fill() throws(ProgramFailure) -> Bool {
        guard rest.isEmpty else { return true }
        try block.read()
        rest = block.bytes
        return !block.hasEnded
    }
}
