#if canImport(Glibc) && (arch(x86_64) || arch(arm64))
import Glibc
import Synchronization

// A function named malloc would do too, and Swift is about to refuse it. So each loaded object's table of imported
// functions is changed instead: the words that the dynamic linker filled with the address of malloc get that of a
// function here, which counts and calls the real one.

extension AllocationCounter {
    static let isSupported = true

    private typealias Malloc = @convention(c) (Int) -> UnsafeMutableRawPointer?
    private typealias TwoSizes = @convention(c) (Int, Int) -> UnsafeMutableRawPointer?
    private typealias Realloc = @convention(c) (UnsafeMutableRawPointer?, Int) -> UnsafeMutableRawPointer?
    private typealias PosixMemalign =
        @convention(c) (
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?, Int, Int
        ) -> Int32

    /// The real functions, and what stands in for them. Constant before the first word is changed, because a function
    /// that runs for every allocation must not wait for the first use of a variable.
    private struct Functions {
        let malloc: Malloc
        let calloc: TwoSizes
        let realloc: Realloc
        let memalign: TwoSizes
        let alignedAlloc: TwoSizes
        let posixMemalign: PosixMemalign

        init?() {
            guard let malloc = dlsym(nil, "malloc"), let calloc = dlsym(nil, "calloc"),
                let realloc = dlsym(nil, "realloc"), let memalign = dlsym(nil, "memalign"),
                let alignedAlloc = dlsym(nil, "aligned_alloc"), let posixMemalign = dlsym(nil, "posix_memalign")
            else { return nil }
            self.malloc = unsafeBitCast(malloc, to: Malloc.self)
            self.calloc = unsafeBitCast(calloc, to: TwoSizes.self)
            self.realloc = unsafeBitCast(realloc, to: Realloc.self)
            self.memalign = unsafeBitCast(memalign, to: TwoSizes.self)
            self.alignedAlloc = unsafeBitCast(alignedAlloc, to: TwoSizes.self)
            self.posixMemalign = unsafeBitCast(posixMemalign, to: PosixMemalign.self)
        }
    }

    private static let real = Functions()

    /// The real functions, for one more call of one of them.
    private static var counted: Functions {
        @inline(__always) get {
            calls.add(1, ordering: .relaxed)
            return real!
        }
    }

    /// The address of what counts in a function's stead; nil for a name that is not counted.
    private static func replacement(for name: UnsafePointer<CChar>) -> UInt? {
        let replacements: [(StaticString, UInt)] = Self.replacements
        for (known, address) in replacements {
            let isKnown = known.withUTF8Buffer { bytes in
                strncmp(name, UnsafeRawPointer(bytes.baseAddress!).assumingMemoryBound(to: CChar.self), bytes.count)
                    == 0 && name[bytes.count] == 0
            }
            if isKnown { return address }
        }
        return nil
    }

    private static let replacements: [(StaticString, UInt)] = {
        let malloc: Malloc = { size in AllocationCounter.counted.malloc(size) }
        let calloc: TwoSizes = { count, size in AllocationCounter.counted.calloc(count, size) }
        let realloc: Realloc = { old, size in AllocationCounter.counted.realloc(old, size) }
        let memalign: TwoSizes = { alignment, size in AllocationCounter.counted.memalign(alignment, size) }
        let alignedAlloc: TwoSizes = { alignment, size in AllocationCounter.counted.alignedAlloc(alignment, size) }
        let posixMemalign: PosixMemalign = { place, alignment, size in
            AllocationCounter.counted.posixMemalign(place, alignment, size)
        }
        return [
            ("malloc", unsafeBitCast(malloc, to: UInt.self)),
            ("calloc", unsafeBitCast(calloc, to: UInt.self)),
            ("realloc", unsafeBitCast(realloc, to: UInt.self)),
            ("memalign", unsafeBitCast(memalign, to: UInt.self)),
            ("aligned_alloc", unsafeBitCast(alignedAlloc, to: UInt.self)),
            ("posix_memalign", unsafeBitCast(posixMemalign, to: UInt.self)),
        ]
    }()

    private static let isRedirected: Bool = {
        // Everything that is made on first use is made now, while malloc is still the real one.
        _ = calls.load(ordering: .relaxed)
        guard real != nil, !replacements.isEmpty, let find = dlsym(nil, "dl_iterate_phdr") else { return false }
        let eachObject = unsafeBitCast(find, to: EachObject.self)
        return eachObject({ info, _, _ in AllocationCounter.redirect(LoadedObject(info)) ? 0 : 1 }, nil) == 0
    }()

    /// Changes all objects once; false if it could not.
    static func redirect() -> Bool { isRedirected }

    /// `dl_iterate_phdr` of <link.h>, which is not among what Swift sees of Glibc.
    private typealias Visit = @convention(c) (UnsafeRawPointer?, Int, UnsafeMutableRawPointer?) -> Int32
    private typealias EachObject = @convention(c) (Visit?, UnsafeMutableRawPointer?) -> Int32

    private static func redirect(_ object: LoadedObject?) -> Bool {
        guard let object else { return true }
        let pageSize = UInt(sysconf(Int32(_SC_PAGESIZE)))
        for entry in object.importedFunctions {
            guard let address = replacement(for: object.name(of: entry)) else { continue }
            let place = object.base + UInt(entry.r_offset)
            // The linker has made these pages read-only where the object asks for it.
            let page = UnsafeMutableRawPointer(bitPattern: place & ~(pageSize - 1))
            guard mprotect(page, Int(pageSize), PROT_READ | PROT_WRITE) == 0 else { return false }
            UnsafeMutablePointer<UInt>(bitPattern: place)?.pointee = address
        }
        return true
    }
}

/// A program or library in memory, by its dynamic section.
private struct LoadedObject {
    /// What its addresses are counted from.
    let base: UInt
    private var symbols: UnsafePointer<Elf64_Sym>
    private var names: UnsafePointer<CChar>
    private var tables: [UnsafeBufferPointer<Elf64_Rela>] = []

    /// Nil for an object that imports nothing. `info` is a `dl_phdr_info` of <link.h>: address, name, headers, count.
    init?(_ info: UnsafeRawPointer?) {
        guard let info, let headers = info.load(fromByteOffset: 16, as: UnsafePointer<Elf64_Phdr>?.self) else {
            return nil
        }
        let base = info.load(as: UInt.self)
        let count = Int(info.load(fromByteOffset: 24, as: UInt16.self))
        guard let dynamic = UnsafeBufferPointer(start: headers, count: count).first(where: { $0.p_type == 2 }),
            var entry = UnsafePointer<Elf64_Dyn>(bitPattern: base + UInt(dynamic.p_vaddr))
        else { return nil }

        var values: [Int64: UInt] = [:]
        while entry.pointee.d_tag != 0 {
            values[Int64(entry.pointee.d_tag)] = UInt(entry.pointee.d_un.d_val)
            entry += 1
        }
        // glibc has already added the base to most addresses, except in the kernel's own object.
        func address(_ tag: Int64) -> UInt? { values[tag].map { $0 < base ? $0 + base : $0 } }
        guard let symbols = address(6).flatMap({ UnsafePointer<Elf64_Sym>(bitPattern: $0) }),
            let names = address(5).flatMap({ UnsafePointer<CChar>(bitPattern: $0) })
        else { return nil }
        self.base = base
        self.symbols = symbols
        self.names = names
        // DT_JMPREL with DT_PLTRELSZ, DT_RELA with DT_RELASZ.
        for (table, size) in [(Int64(23), Int64(2)), (7, 8)] {
            guard let start = address(table), let size = values[size] else { continue }
            tables.append(
                UnsafeBufferPointer(
                    start: UnsafePointer(bitPattern: start), count: Int(size) / MemoryLayout<Elf64_Rela>.stride))
        }
    }

    /// The words that the linker fills with the address of a symbol of another object.
    var importedFunctions: [Elf64_Rela] {
        #if arch(x86_64)
        let globalData: UInt64 = 6
        let jumpSlot: UInt64 = 7
        #else
        let globalData: UInt64 = 1_025
        let jumpSlot: UInt64 = 1_026
        #endif
        return tables.flatMap { table in
            table.filter { [globalData, jumpSlot].contains(UInt64($0.r_info) & 0xffff_ffff) }
        }
    }

    func name(of entry: Elf64_Rela) -> UnsafePointer<CChar> {
        names + Int(symbols[Int(UInt64(entry.r_info) >> 32)].st_name)
    }
}
#endif
