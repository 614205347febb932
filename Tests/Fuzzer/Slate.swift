import BulkheadBenchmarkSupport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Memory that worker and supervisor share, as a mapped file: what a worker was doing is there when it has died.
struct Slate {
    private static let size = 1 << 20
    private static let tallyStart = 64
    private static let bytesStart = 64 << 10

    private let base: UnsafeMutableRawPointer

    init(path: String) throws(ProgramError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(Self.size)) == 0,
            let mapped = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), mapped != MAP_FAILED
        else { throw ProgramError("cannot map \(path)") }
        close(descriptor)
        base = mapped
    }

    private func word(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        (base + 8 * index).assumingMemoryBound(to: UInt64.self)
    }

    /// The number of the input that is being made or fed.
    var index: Int {
        get { Int(word(0).pointee) }
        nonmutating set {
            word(3).pointee = 0
            word(0).pointee = UInt64(newValue)
        }
    }

    /// The input that is being fed; nil while it is being made.
    var input: Input? {
        get {
            let length = Int(word(3).pointee)
            let place = Int(word(1).pointee)
            guard length > 0, place < Target.allCases.count else { return nil }
            let bytes = UnsafeRawBufferPointer(start: base + Self.bytesStart, count: length - 1)
            return Input(target: Target.allCases[place], variant: word(2).pointee, bytes: Array(bytes))
        }
        nonmutating set {
            word(3).pointee = 0
            guard let input = newValue, input.bytes.count < Self.size - Self.bytesStart else { return }
            word(1).pointee = UInt64(Target.allCases.firstIndex(of: input.target) ?? 0)
            word(2).pointee = input.variant
            UnsafeMutableRawBufferPointer(start: base + Self.bytesStart, count: input.bytes.count)
                .copyBytes(from: input.bytes)
            word(3).pointee = UInt64(input.bytes.count + 1)
        }
    }

    /// How inputs ended, counted by words.
    var tally: [String: Int] {
        get {
            let bytes = UnsafeRawBufferPointer(start: base + Self.tallyStart, count: Int(word(4).pointee))
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            return lines.reduce(into: [:]) { tally, line in
                let words = line.split(separator: "\t")
                if words.count == 2 { tally[String(words[0])] = Int(words[1]) }
            }
        }
        nonmutating set {
            let text = Array(newValue.map { "\($0.key)\t\($0.value)\n" }.joined().utf8)
            let kept = text.prefix(Self.bytesStart - Self.tallyStart)
            UnsafeMutableRawBufferPointer(start: base + Self.tallyStart, count: kept.count).copyBytes(from: kept)
            word(4).pointee = UInt64(kept.count)
        }
    }
}
