import BulkheadConsole

/// Data that modules keep in a snapshot beside the keys: RESTORE does not take it, and no key shows what is in it.
struct ModuleData: Sendable {
    /// Bytes in the file, by the names of the modules' types.
    let bytes: [String: Int]

    init(_ bytes: [String: Int]) { self.bytes = bytes }

    /// "The file has data of the module type scdtype00 beside the keys (21 B): it was not restored."
    func text(of what: String, _ consequence: String) -> String? {
        guard !bytes.isEmpty else { return nil }
        let list = bytes.sorted { $0.key < $1.key }.map { "\($0.key) (\(Units.bytes($0.value)))" }
        return "\(what) has data of the module \(bytes.count == 1 ? "type" : "types") "
            + "\(list.joined(separator: ", ")) beside the keys: \(consequence)."
    }
}
