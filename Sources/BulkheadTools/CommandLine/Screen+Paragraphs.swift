package import BulkheadConsole

extension String {
    /// The text's lines, each wrapped to the screen and ended by a newline. Those that begin with a space stay as they
    /// are: a command to be copied, a key, a row.
    package func paragraphs(on screen: Screen) -> String {
        split(separator: "\n", omittingEmptySubsequences: false)
            .flatMap { $0.hasPrefix(" ") ? [String($0)] : String($0).wrapped(to: screen.proseColumns) }
            .map { $0 + "\n" }.joined()
    }
}
