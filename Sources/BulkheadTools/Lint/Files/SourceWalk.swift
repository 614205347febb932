import BulkheadLint

/// Files and folders of a work tree. Links in folders are not followed; one that is named is.
struct SourceWalk {
    let selection: LintSelection

    private enum Step {
        /// A folder, with what is in it.
        case enter([[UInt8]])
        case hand(LintInput.Content)
        case pass
    }

    /// Hands every file to lint to `body`, in the order of the operands and of the bytes of the names.
    func forEach(
        in operands: [String], _ body: (LintInput) throws(ProgramFailure) -> Void
    ) throws(ProgramFailure) {
        for operand in operands {
            // The last is the next.
            var waiting = [normalised(operand)]
            var isOperand = true
            while let path = waiting.popLast() {
                switch step(path, isOperand: isOperand) {
                case .enter(let paths): waiting += paths.reversed()
                case .hand(let content): try body(LintInput(path: path, content: content))
                case .pass: break
                }
                isOperand = false
            }
        }
    }

    private func step(_ path: [UInt8], isOperand: Bool) -> Step {
        let name = path.split(separator: Self.slash).last.map { Array($0) } ?? path
        guard !selection.excludes(path) else { return .pass }
        do throws(LintFileSystem.Failure) {
            let status = try LintFileSystem.status(path, followsLink: isOperand)
            switch status.kind {
            case .folder where !isOperand && selection.skips(folder: name): return .pass
            case .folder: return .enter(try LintFileSystem.names(in: path).map { joined(path, $0) })
            case .other: return isOperand ? .hand(.unreadable("it is neither a file nor a folder")) : .pass
            case .file: return try read(path, status.size, isExecutable: status.isExecutable, isOperand: isOperand)
            }
        } catch {
            return .hand(.unreadable(error.reason))
        }
    }

    private func read(
        _ path: [UInt8], _ size: Int, isExecutable: Bool, isOperand: Bool
    ) throws(LintFileSystem.Failure) -> Step {
        let unknown: Step = isOperand ? .hand(.skipped("it is in no language that is linted")) : .pass
        if LintLanguage(path: path) == nil {
            guard selection.mayBeScript(path, isExecutable: isExecutable),
                LintLanguage(shebangOf: try LintFileSystem.bytes(of: path, limit: 256)) != nil
            else { return unknown }
        }
        guard size <= LintSelection.largestFile else { return .hand(.skipped(LintSelection.tooLarge)) }
        let bytes = try LintFileSystem.bytes(of: path, limit: LintSelection.largestFile)
        return selection.content(bytes, at: path).map { .hand($0) } ?? unknown
    }

    private static let slash = UInt8(ascii: "/")

    /// Without what says nothing: `./a/` is `a`.
    private func normalised(_ operand: String) -> [UInt8] {
        var path = Array(operand.utf8)
        while path.count > 1, path.last == Self.slash { path.removeLast() }
        while path.count > 2, path.starts(with: "./".utf8) { path.removeFirst(2) }
        return path
    }

    private func joined(_ folder: [UInt8], _ name: [UInt8]) -> [UInt8] {
        if folder == Array(".".utf8) { return name }
        return folder.last == Self.slash ? folder + name : folder + [Self.slash] + name
    }
}
