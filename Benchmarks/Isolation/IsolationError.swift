/// Why the benchmark cannot go on, in words for the person at the keyboard.
struct IsolationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
