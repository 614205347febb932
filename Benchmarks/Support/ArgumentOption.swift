/// One option of a program: its name, what it takes, where the value goes, and its line of help.
///
/// The default is whatever the settings hold before parsing, so help and program cannot disagree about it.
package struct ArgumentOption<Settings>: Sendable {
    package typealias Place<Value> = WritableKeyPath<Settings, Value> & Sendable

    /// Without the two dashes.
    let name: String
    /// What stands for the value in help, for example `<seconds>`; nil for a flag.
    let placeholder: String?
    let help: String
    let defaultText: @Sendable (Settings) -> String?
    /// Reads the value into the settings; throws, leaving them as they were, when it does not fit. A flag ignores it.
    let read: @Sendable (String, inout Settings) throws(ArgumentError) -> Void

    /// `--name`: sets to true.
    package static func flag(_ name: String, _ place: any Place<Bool>, help: String) -> Self {
        Self(name: name, placeholder: nil, help: help) { _ in
            nil
        } read: { _, settings in
            settings[keyPath: place] = true
        }
    }

    /// `--name <n>`: a whole number within the range.
    package static func integer(
        _ name: String, _ placeholder: String, _ place: any Place<Int>, in range: ClosedRange<Int>, help: String
    ) -> Self {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return value(name, placeholder, place, expected: expected, help) {
            Int($0).flatMap { range.contains($0) ? $0 : nil }
        } write: {
            "\($0)"
        }
    }

    /// `--name <n>`: a whole number within the range; without the option, none.
    package static func integer(
        _ name: String, _ placeholder: String, _ place: any Place<Int?>, in range: ClosedRange<Int>, help: String
    ) -> Self {
        let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        return value(name, placeholder, place, expected: expected, help) {
            Int($0).flatMap { range.contains($0) ? .some($0) : nil }
        } write: {
            $0.map { "\($0)" }
        }
    }

    /// `--name <x>`: a number within the range, with or without decimals.
    package static func number(
        _ name: String, _ placeholder: String, _ place: any Place<Double>, in range: ClosedRange<Double>, help: String
    ) -> Self {
        value(name, placeholder, place, expected: "a number from \(range.lowerBound) to \(range.upperBound)", help) {
            Double($0).flatMap { range.contains($0) ? $0 : nil }
        } write: {
            "\($0)"
        }
    }

    /// `--name <text>`: any text but an empty one.
    package static func text(_ name: String, _ placeholder: String, _ place: any Place<String>, help: String) -> Self {
        value(name, placeholder, place, expected: "a text that is not empty", help) {
            $0.isEmpty ? nil : $0
        } write: {
            $0
        }
    }

    /// `--name <text>`: any text but an empty one; without the option, none.
    package static func text(_ name: String, _ placeholder: String, _ place: any Place<String?>, help: String) -> Self {
        value(name, placeholder, place, expected: "a text that is not empty", help) {
            $0.isEmpty ? nil : .some($0)
        } write: {
            $0
        }
    }

    /// `--name a,b`: one or more of the known words, each once, parted by commas.
    package static func list(
        _ name: String, _ placeholder: String, _ place: any Place<[String]>, of known: [String], help: String
    ) -> Self {
        value(name, placeholder, place, expected: "one or more of \(known.joined(separator: ",")), each once", help) {
            let words = $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            return Set(words).count == words.count && words.allSatisfy(known.contains) ? words : nil
        } write: {
            $0.joined(separator: ",")
        }
    }

    private static func value<Value>(
        _ name: String, _ placeholder: String, _ place: any Place<Value>, expected: String, _ help: String,
        read: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String?
    ) -> Self {
        Self(name: name, placeholder: placeholder, help: help) { settings in
            write(settings[keyPath: place])
        } read: { text, settings throws(ArgumentError) in
            guard let value = read(text) else { throw .invalidValue(option: name, expected: expected) }
            settings[keyPath: place] = value
        }
    }
}
