import BulkheadBenchmarkSupport
import BulkheadRESP

/// The values of one large reply, made from strings that lie in memory one behind the other.
struct Floor {
    private let kind: Kind
    private let bytes: [UInt8]
    /// Where the strings are, in the order of the wire.
    private let places: [Range<Int>]

    init(_ kind: Kind, of reply: RESPValue) {
        var bytes: [UInt8] = []
        var places: [Range<Int>] = []
        func add(_ value: RESPValue) {
            if let string = value.bytes {
                bytes += string
                places.append(bytes.count - string.count..<bytes.count)
            }
            value.elements?.forEach(add)
        }
        add(reply)
        self.kind = kind
        self.bytes = bytes
        self.places = places
    }

    /// Makes the values once, and drops them.
    func run() throws {
        let count = bytes.withUnsafeBytes { bytes in
            switch kind {
            case .hash: hash(bytes).count
            case .stream: entries(bytes).count
            case .scan: places.dropFirst().map { text(bytes, $0) }.count
            default: places.map { vector(bytes, $0) }.count
            }
        }
        guard count > 0 else { throw ProgramError("an element is missing") }
    }

    private func text(_ bytes: UnsafeRawBufferPointer, _ place: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[place]), as: UTF8.self)
    }

    private func vector(_ bytes: UnsafeRawBufferPointer, _ place: Range<Int>) -> [Float] {
        [Float](unsafeUninitializedCapacity: place.count / 4) { space, count in
            count = place.count / 4
            UnsafeMutableRawBufferPointer(space).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place]))
        }
    }

    private func hash(_ bytes: UnsafeRawBufferPointer) -> [String: String] {
        var fields: [String: String] = Dictionary(minimumCapacity: places.count / 2)
        for index in stride(from: 0, to: places.count, by: 2) {
            fields[text(bytes, places[index])] = text(bytes, places[index + 1])
        }
        return fields
    }

    private struct Entry {
        let id: String
        let fields: [(name: RESPBytes, value: String)]
    }

    /// The key is the first string; id, name and value are three for each entry. All share one name.
    private func entries(_ bytes: UnsafeRawBufferPointer) -> [Entry] {
        let name: RESPBytes = "field"
        var entries: [Entry] = []
        entries.reserveCapacity(places.count / 3)
        for index in stride(from: 1, to: places.count, by: 3) {
            entries.append(
                Entry(
                    id: text(bytes, places[index]), fields: [(name, text(bytes, places[index + 2]))]))
        }
        return entries
    }
}
