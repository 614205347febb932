package import BulkheadLint

/// A file to lint, or what became of it.
package struct LintInput: Sendable {
    package enum Content: Sendable {
        case source([UInt8], LintLanguage)
        /// Left out on purpose or, if `isFailure`, because it could not be read; and why.
        case unread(String, isFailure: Bool)
    }

    /// In bytes, as it is shown.
    package let path: [UInt8]
    package let content: Content
}

/// Which files are linted.
package struct LintSelection: Sendable {
    let excluded: [GlobPattern]

    package init(excluding excluded: [GlobPattern] = []) {
        self.excluded = excluded
    }

    /// Larger files are skipped, in bytes: they are data or generated, and nobody reads them.
    package static let largestFile = 4 << 20

    /// Folders that hold what others wrote or what was built, by their whole name.
    package static let skippedFolders: Set<String> = [
        ".git", ".hg", ".svn", ".build", ".swiftpm", "DerivedData", "node_modules", "venv", ".venv", ".tox", ".nox",
        "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", "site-packages", ".terraform",
    ]

    /// Bytes that show whether a file is binary.
    private static let head = 8 << 10

    func skips(folder name: [UInt8]) -> Bool {
        String(validating: name, as: UTF8.self).map { Self.skippedFolders.contains($0) } ?? false
    }

    func excludes(_ path: [UInt8]) -> Bool {
        excluded.contains { $0.matches(path) }
    }

    /// True if only the content shows what it is: a script without a suffix.
    func mayBeScript(_ path: [UInt8], isExecutable: Bool) -> Bool {
        isExecutable || path.split(separator: UInt8(ascii: "/")).last?.contains(UInt8(ascii: ".")) != true
    }

    /// What a file's bytes are to a lint; nil for what it does not care about.
    func content(_ bytes: [UInt8], at path: [UInt8]) -> LintInput.Content? {
        let known = LintLanguage(path: path)
        guard let language = known ?? LintLanguage(shebangOf: bytes) else { return nil }
        guard !bytes.prefix(Self.head).contains(0) else {
            return known == nil ? nil : .unread("it is binary", isFailure: false)
        }
        return .source(bytes, language)
    }

    static let tooLarge = LintInput.Content.unread("it is larger than \(largestFile >> 20) MiB", isFailure: false)
}
