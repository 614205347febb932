import BulkheadLint

/// Files and folders of a work tree. Links in folders are not followed; one that is named is.
struct SourceWalk {
    let selection: LintSelection

    /// Hands every file to lint to `body`, in the order of the operands and of the bytes of the names.
    func forEach(
        in operands: [String], _ body: (LintInput) throws(ProgramFailure) -> Void
    ) throws(ProgramFailure) {
        for operand in operands {
            // The last is the next.
            var waiting = [normalised(operand)]
            var isOperand = true
            while let path = waiting.popLast() {
                if let content = look(at: path, isOperand: isOperand, &waiting) {
                    try body(LintInput(path: path, content: content))
                }
                isOperand = false
            }
        }
    }

    /// What there is to lint; of a folder nothing, but what is in it comes to those waiting.
    private func look(at path: [UInt8], isOperand: Bool, _ waiting: inout [[UInt8]]) -> LintInput.Content? {
        let name = path.split(separator: Self.slash).last.map { Array($0) } ?? path
        guard !selection.excludes(path) else { return nil }
        do throws(LintFileSystem.Failure) {
            let status = try LintFileSystem.status(path, followsLink: isOperand)
            switch status.kind {
            case .folder:
                guard isOperand || !selection.skips(folder: name) else { return nil }
                waiting += try LintFileSystem.names(in: path).reversed().map { joined(path, $0) }
                return nil
            case .other:
                return isOperand ? .unread("it is neither a file nor a folder", isFailure: true) : nil
            case .file:
                let content = try read(path, status.size, isExecutable: status.isExecutable)
                return content ?? (isOperand ? .unread("it is in no language that is linted", isFailure: false) : nil)
            }
        } catch {
            return .unread(error.reason, isFailure: true)
        }
    }

    private func read(
        _ path: [UInt8], _ size: Int, isExecutable: Bool
    ) throws(LintFileSystem.Failure) -> LintInput.Content? {
        if LintLanguage(path: path) == nil {
            guard selection.mayBeScript(path, isExecutable: isExecutable),
                LintLanguage(shebangOf: try LintFileSystem.bytes(of: path, limit: 256)) != nil
            else { return nil }
        }
        guard size <= LintSelection.largestFile else { return LintSelection.tooLarge }
        return selection.content(try LintFileSystem.bytes(of: path, limit: LintSelection.largestFile), at: path)
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
