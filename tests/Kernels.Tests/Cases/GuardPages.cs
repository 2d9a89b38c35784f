using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>
/// Runs cases in memory in which the page before every buffer and before every section of the weights may not be touched: a kernel that
/// reads or writes before a buffer ends the process. Linux only; for child processes.
/// </summary>
internal static class GuardPages
{
    /// <summary>The size of a page.</summary>
    public const int PageSize = 4096;

    // The managed array that the workspace believes in lies in the first page; its elements reach over the pages behind.
    private const int Preamble = 2 * PageSize;
    private const int HeaderAt = 64;
    private const int ElementsAt = HeaderAt + 16;

    /// <summary>What a page that will be protected holds until then.</summary>
    public static byte[] Page { get; } = [.. Enumerable.Repeat((byte)0xDB, PageSize)];

    /// <summary>
    /// Runs all cases and compares what they wrote with the oracle; the last line printed names the case that was running.
    /// </summary>
    public static int RunAll()
    {
        CaseData.HasGuards = true;
        Console.WriteLine("path " + KernelPath.Name);
        foreach (KernelCase c in KernelCases.All)
        {
            Run(c, c.ToString(), isStarting: false, asLarge: false);
            Run(c, $"starting: {c}", isStarting: true, asLarge: false);
            Run(c, $"large: {c}", isStarting: true, asLarge: true);
        }
        Console.WriteLine($"guarded {KernelCases.All.Count}");
        return 0;
    }

    private static void Run(KernelCase c, string name, bool isStarting, bool asLarge)
    {
        Console.WriteLine(name);
        Console.Out.Flush();
        using var arena = new Region(c.Arena);
        using var weights = new Region(c.Weights);
        Workspace w = WorkspaceOver(arena, weights);
        w.IsStarting = isStarting;
        w.TakesStepsAsLarge = asLarge;
        c.Run(w);
        arena.Release();
        CaseAssert.Same(c.Expected, arena.Bytes.ToArray(), name);
    }

    /// <summary>Reads the byte before a buffer, as a kernel must not: ends the process.</summary>
    public static int Trespass()
    {
        CaseData.HasGuards = true;
        var data = new CaseData(1);
        int at = data.Reserve(100);
        using var arena = new Region(data.Arena);
        using var weights = new Region([]);
        Workspace w = WorkspaceOver(arena, weights);
        Console.WriteLine($"inside {w.Arena(at)} {w.Arena(at + 99)}");
        Console.Out.Flush();
        Console.WriteLine($"trespassed {w.Arena(at - 1)}");
        return 0;
    }

    // A workspace whose arrays are regions instead of memory of the garbage collector.
    private static Workspace WorkspaceOver(Region arena, Region weights)
    {
        var workspace = new Workspace(PackedWeights.Of([]), 0);
        Set("_arena", arena.Array);
        Set("_arenaStart", Preamble - ElementsAt);
        Set("_weights", weights.Array);
        Set("_weightsStart", Preamble - ElementsAt);
        return workspace;

        void Set(string name, object value) => (
            typeof(Workspace).GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)
                ?? throw new InvalidOperationException($"Workspace has no field {name}")).SetValue(workspace, value);
    }

    /// <summary>Bytes at the start of a page, guard pages among them protected, with an array's header before.</summary>
    private sealed class Region : IDisposable
    {
        private const int ReadWrite = 3;
        private const int PrivateAnonymous = 0x22;

        private readonly nint _block;
        private readonly nuint _size;
        private readonly int _length;

        public Region(byte[] content)
        {
            _length = content.Length;
            _size = (nuint)(Preamble + ((content.Length + Workspace.TailPadding + PageSize - 1) / PageSize * PageSize) + PageSize);
            _block = Map(0, _size, ReadWrite, PrivateAnonymous, -1, 0);
            if (_block == -1)
                throw new InvalidOperationException($"mmap: {Marshal.GetLastPInvokeErrorMessage()}");
            Marshal.Copy(content, 0, _block + Preamble, content.Length);

            // The garbage collector never sees more of it than a reference that leads out of its heap, which it passes over.
            byte[] model = GC.AllocateUninitializedArray<byte>(1);
            Marshal.WriteIntPtr(_block + HeaderAt, Marshal.ReadIntPtr(Unsafe.As<byte[], nint>(ref model)));
            Marshal.WriteIntPtr(_block + HeaderAt + 8, (nint)(_size - ElementsAt));
            nint address = _block + HeaderAt;
            Array = Unsafe.As<nint, byte[]>(ref address);
            Protect(_block + PageSize, forbidden: true);
            for (int at = 0; at + PageSize <= content.Length; at += PageSize)
                if (content.AsSpan(at, PageSize).SequenceEqual(Page))
                    Protect(_block + Preamble + at, forbidden: true);
        }

        /// <summary>The memory as an array.</summary>
        public byte[] Array { get; }

        /// <summary>The content.</summary>
        public Span<byte> Bytes => new(Array, Preamble - ElementsAt, _length);

        /// <summary>Lets all pages be read again.</summary>
        public void Release()
        {
            if (Change(_block, _size, ReadWrite) != 0)
                throw new InvalidOperationException($"mprotect: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        public void Dispose() => Unmap(_block, _size);

        private static void Protect(nint page, bool forbidden)
        {
            if (Change(page, PageSize, forbidden ? 0 : ReadWrite) != 0)
                throw new InvalidOperationException($"mprotect: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        [DllImport("libc", EntryPoint = "mmap", SetLastError = true)]
        private static extern nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

        [DllImport("libc", EntryPoint = "mprotect", SetLastError = true)]
        private static extern int Change(nint address, nuint length, int protection);

        [DllImport("libc", EntryPoint = "munmap", SetLastError = true)]
        private static extern int Unmap(nint address, nuint length);
    }
}
