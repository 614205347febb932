/// Why a program cannot do its work, in words for the person at the keyboard.
package struct ProgramError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
