/// A vector set of Redis 8: elements with vectors and attributes. The graph that finds near ones is left out.
///
/// It is a module value, but its bytes do not tell whether two are the same. Seen on Redis 8.2.3: a set of 40 elements,
/// dumped, restored and dumped again, has as many bytes and others, with every quantisation; elements come in reverse
/// order each time and links in that of memory addresses. Names, vectors, attributes, norms and ranges stay.
///
/// ```
/// dimension, elements, configuration (bits 0-7 quantisation, 8-23 links), flags (1 projection, 2 attributes)
/// flag 1:   input dimension, string: input dimension × dimension floats
/// element:  string: name;  flag 2: string: attributes, empty for none;  string: vector
///           parameters P, then P integers: id and links; the last one is range << 32 | norm, both floats
/// ```
///
/// Each is an item of a module value (``RDBModuleValue``); an end follows.
/// Source: `VectorSetRdbSave` in `modules/vector-sets/vset.c` and `hnsw_serialize_node` in `hnsw.c` of Redis 8.
package struct RDBVectorSet: Sendable, Hashable {
    package static let moduleName = "vectorset"
    static let encodingVersion = 0

    /// How the numbers of a vector are kept.
    package enum Quantisation: UInt8, Sendable, Hashable {
        /// Floats of 4 bytes, little-endian.
        case none = 0
        /// A signed byte each; 127 stands for the range.
        case int8 = 1
        /// A bit each: 1 or -1, in words of 8 bytes.
        case binary = 2
    }

    package struct Element: Sendable, Hashable {
        package var name: [UInt8]
        /// The vector of length 1, quantised.
        package var vector: [UInt8]
        /// By which the vector was divided.
        package var norm: Float
        /// The largest number in the vector of ``Quantisation/int8``; 0 in the others, where Redis 8.2.3 writes what
        /// its memory held before.
        package var range: Float
        /// JSON, or empty.
        package var attributes: [UInt8]

        package init(name: [UInt8], vector: [UInt8], norm: Float, range: Float, attributes: [UInt8]) {
            self.name = name
            self.vector = vector
            self.norm = norm
            self.range = range
            self.attributes = attributes
        }
    }

    /// Numbers of each vector, as kept.
    package var dimension: Int
    package var quantisation: Quantisation
    /// Links of a node in the graph (`M`).
    package var links: Int
    /// The matrix that reduces what is added (`REDUCE`): its input dimension and its floats; or `nil`.
    package var projection: Projection?
    package var elements: [Element]

    package struct Projection: Sendable, Hashable {
        package var inputDimension: Int
        package var matrix: [UInt8]

        package init(inputDimension: Int, matrix: [UInt8]) {
            self.inputDimension = inputDimension
            self.matrix = matrix
        }
    }

    package init(
        dimension: Int, quantisation: Quantisation, links: Int, projection: Projection?, elements: [Element]
    ) {
        self.dimension = dimension
        self.quantisation = quantisation
        self.links = links
        self.projection = projection
        self.elements = elements
    }

    /// Bytes of each vector.
    private var vectorBytes: Int {
        switch quantisation {
        case .none: dimension * 4
        case .int8: dimension
        case .binary: (dimension + 63) / 64 * 8
        }
    }

    static func decode(_ value: inout ValueReader) throws(RDBViolation) -> RDBVectorSet {
        let start = value.bytes
        let dimension = try moduleInteger(&value)
        let count = try moduleInteger(&value)
        let configuration = try moduleInteger(&value)
        let flags = try moduleInteger(&value)
        guard dimension <= UInt32.max, let quantisation = Quantisation(rawValue: UInt8(configuration & 0xff)) else {
            throw start.malformed("the configuration of a vector set is out of range")
        }
        var set = RDBVectorSet(
            dimension: Int(dimension), quantisation: quantisation, links: Int(configuration >> 8 & 0xffff),
            projection: flags & 1 != 0 ? try projection(&value, to: dimension) : nil, elements: [])
        guard count <= UInt64(value.bytes.remaining) else {
            throw RDBViolation(.tooLong, at: start.offset, "\(count) elements of a vector set do not fit")
        }
        for _ in 0..<Int(count) { set.elements.append(try element(&value, of: set, hasAttributes: flags & 2 != 0)) }
        try value.bytes.requireDistinct(set.elements.lazy.map(\.name), "an element stands twice in a vector set")
        let end = value.bytes
        guard try value.number() == 0 else { throw end.malformed("a vector set does not end behind its elements") }
        return set
    }

    private static func projection(
        _ value: inout ValueReader, to dimension: UInt64
    ) throws(RDBViolation) -> Projection {
        let unread = value.bytes
        let input = try moduleInteger(&value)
        let matrix = try moduleString(&value)
        guard input <= UInt32.max, UInt64(matrix.count) / 4 == input * dimension, matrix.count % 4 == 0 else {
            throw unread.malformed("the projection of a vector set has \(matrix.count) bytes, and should have others")
        }
        return Projection(inputDimension: Int(input), matrix: matrix)
    }

    private static func element(
        _ value: inout ValueReader, of set: RDBVectorSet, hasAttributes: Bool
    ) throws(RDBViolation) -> Element {
        let name = try moduleString(&value)
        let attributes = hasAttributes ? try moduleString(&value) : []
        var unread = value.bytes
        let vector = try moduleString(&value)
        guard vector.count == set.vectorBytes else {
            throw unread.malformed("a vector has \(vector.count) bytes, and \(set.vectorBytes) were expected")
        }
        unread = value.bytes
        let parameters = try moduleInteger(&value)
        guard parameters >= 3, parameters <= UInt64(value.bytes.remaining) else {
            throw unread.malformed("an element of a vector set has \(parameters) parameters")
        }
        var last: UInt64 = 0
        for _ in 0..<Int(parameters) { last = try moduleInteger(&value) }
        return Element(
            name: name, vector: vector, norm: Float(bitPattern: UInt32(truncatingIfNeeded: last)),
            range: set.quantisation == .int8 ? Float(bitPattern: UInt32(last >> 32)) : 0, attributes: attributes)
    }

    private static func moduleInteger(_ value: inout ValueReader) throws(RDBViolation) -> UInt64 {
        let unread = value.bytes
        guard try value.number() == 2 else { throw unread.malformed("a vector set lacks an integer") }
        return try value.number()
    }

    private static func moduleString(_ value: inout ValueReader) throws(RDBViolation) -> [UInt8] {
        let unread = value.bytes
        guard try value.number() == 5 else { throw unread.malformed("a vector set lacks a string") }
        return try value.string()
    }
}
