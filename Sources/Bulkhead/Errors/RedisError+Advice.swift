import BulkheadCommands

extension RedisError {
    /// The same error, and what to do where the server's own words do not say it.
    ///
    /// A set's quantization is not in the command, and is not asked for here: a failed call sends nothing more.
    func advised(_ command: EncodedCommand) -> RedisError {
        guard stage == .answered, code == .serverError else { return self }
        if message.contains("Vector dimension mismatch") {
            return appending(
                ". All vectors of a set have as many dimensions as its first: use the model that made that "
                    + "one, or another key")
        }
        if message.contains("quantization mismatch"), command.name == "VADD" {
            return appending(
                ". The command asked for \(Self.quantization(ofAdding: command)), and a set keeps the quantization of "
                    + "its first element. `vinfo` tells it: f32 is `.unquantized`, int8 `.eightBits`, bin `.binary`. "
                    + "Pass that one, or take another key")
        }
        return self
    }

    private func appending(_ advice: String) -> RedisError {
        RedisError(code, message + advice, database: database, command: self.command, stage: stage)
    }

    /// The word of a VADD; the server takes Q8 where there is none.
    private static func quantization(ofAdding command: EncodedCommand) -> String {
        var words = command.words.dropFirst(2).map { String(decoding: $0, as: UTF8.self).uppercased() }[...]
        if words.first == "REDUCE" { words = words.dropFirst(2) }
        // FP32 and its bytes, or VALUES, their number and each of them; then the element.
        let numbers = words.first == "VALUES" ? words.dropFirst().first.flatMap { Int($0) } ?? 0 : 0
        words = words.dropFirst(2).dropFirst(max(0, numbers))
        words = words.dropFirst()
        while let word = words.popFirst() {
            if ["NOQUANT", "Q8", "BIN"].contains(word) { return word }
            if ["EF", "SETATTR", "M"].contains(word) { words = words.dropFirst() }
        }
        return "Q8, as it named none"
    }
}
