/// One option of a program: its flag, and where its value goes.
///
/// The default is whatever the settings hold before parsing, so help and program cannot disagree about it.
package struct ArgumentOption<Settings>: Sendable {
    package typealias Place<Value> = WritableKeyPath<Settings, Value> & Sendable

    let flag: Flag
    let defaultText: @Sendable (Settings) -> String?
    /// Writes the value, which the flag has checked, into the settings.
    let write: @Sendable (String, inout Settings) -> Void

    /// `--name`: sets to true.
    package static func flag(_ name: String, _ place: any Place<Bool>, help: String) -> Self {
        Self(flag: Flag(name, .none, help)) { _ in
            nil
        } write: { _, settings in
            settings[keyPath: place] = true
        }
    }

    /// `--name <n>`: a whole number within the range.
    package static func integer(
        _ name: String, _ placeholder: String, _ place: any Place<Int>, in range: ClosedRange<Int>, help: String
    ) -> Self {
        value(Flag(name, .integer(placeholder, in: range), help), place, read: { Int($0) }, show: { "\($0)" })
    }

    /// `--name <n>`: a whole number within the range; without the option, none.
    package static func integer(
        _ name: String, _ placeholder: String, _ place: any Place<Int?>, in range: ClosedRange<Int>, help: String
    ) -> Self {
        value(Flag(name, .integer(placeholder, in: range), help), place) {
            Int($0)
        } show: {
            $0.map { "\($0)" }
        }
    }

    /// `--seed <number>` of a program that chooses at random; without it, another one each time.
    package static func seed(_ place: any Place<Int?>) -> Self {
        integer("seed", "<number>", place, in: 0...Int.max, help: "the same random choices again")
    }

    /// `--name <x>`: a number within the range, with or without decimals.
    package static func number(
        _ name: String, _ placeholder: String, _ place: any Place<Double>, in range: ClosedRange<Double>, help: String
    ) -> Self {
        value(Flag(name, .number(placeholder, in: range), help), place, read: { Double($0) }, show: { "\($0)" })
    }

    /// `--name <text>`: any text but an empty one.
    package static func text(_ name: String, _ placeholder: String, _ place: any Place<String>, help: String) -> Self {
        value(Flag(name, .text(placeholder), help), place, read: { $0 }, show: { $0 })
    }

    /// `--name <text>`: any text but an empty one; without the option, none.
    package static func text(_ name: String, _ placeholder: String, _ place: any Place<String?>, help: String) -> Self {
        value(Flag(name, .text(placeholder), help), place, read: { $0 }, show: { $0 })
    }

    /// `--name a,b`: one or more of the known words, each once, with commas between them.
    package static func list(
        _ name: String, _ placeholder: String, _ place: any Place<[String]>, of known: [String], help: String
    ) -> Self {
        value(Flag(name, .list(placeholder, of: known), help), place) {
            $0.split(separator: ",").map(String.init)
        } show: {
            $0.joined(separator: ",")
        }
    }

    private static func value<Value>(
        _ flag: Flag, _ place: any Place<Value>,
        read: @escaping @Sendable (String) -> Value?, show: @escaping @Sendable (Value) -> String?
    ) -> Self {
        Self(flag: flag) { settings in
            show(settings[keyPath: place])
        } write: { text, settings in
            if let value = read(text) { settings[keyPath: place] = value }
        }
    }
}
