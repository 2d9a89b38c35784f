using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.Wasm;
using System.Runtime.Intrinsics.X86;
using OptimizerBuild.Kernels;
using OptimizerBuild.Kernels.Tests;
using OptimizerBuild.Kernels.Tests.Cases;
using Xunit.Runner.InProc.SystemConsole;

// The test assembly as a program: `dotnet OptimizerBuild.Kernels.Tests.dll digest` runs every case on the paths that this process takes
// and prints what it took and a checksum for each kernel. InstructionSetTests starts it under the switches of the runtime, Net11Tests
// builds it for .NET 11 and does the same. With `guard` it runs every case in memory with guard pages, with `guard-trespass` it reads one
// byte before a buffer: both for GuardPageTests.
// With `rounding` it prints how far the float32 kernels are from their oracles, for processors without fused multiply-add.
// With `thread-shortage` it asks for more threads than it gets: for ThreadTests. Told anything else it runs the tests.
switch (args)
{
    case ["digest"]:
        break;
    case ["guard"]:
        return GuardPages.RunAll();
    case ["guard-trespass"]:
        return GuardPages.Trespass();
    case ["rounding"]:
        return Rounding.Run();
    case ["thread-shortage"]:
        return ThreadShortage.Run();
    default:
        return RunTests(args);
}

Console.WriteLine($"runtime {Environment.Version}");
Console.WriteLine($"path {KernelPath.Name}");
Console.WriteLine($"description {KernelPath.Describe()}");
Console.WriteLine($"float32 {Float32Path.Name}");
foreach ((string name, bool supported) in InstructionSets.Supported())
    Console.WriteLine($"supports {name} {supported}");
foreach (string kernel in KernelCases.Kernels)
{
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kernel {kernel} {KernelDigest.Actual(kernel):x16}"));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"starting {kernel} {KernelDigest.ActualOnStart(kernel, false):x16}"));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"large {kernel} {KernelDigest.ActualOnStart(kernel, true):x16}"));
}

return 0;

// A method of its own: where the commands run on other processors, the runner's assemblies are missing.
[MethodImpl(MethodImplOptions.NoInlining)]
static int RunTests(string[] args) => ConsoleRunner.Run(args).GetAwaiter().GetResult();

namespace OptimizerBuild.Kernels.Tests
{
    /// <summary>The instruction sets that decide paths.</summary>
    internal static class InstructionSets
    {
        public static IEnumerable<(string Name, bool Supported)> Supported() =>
        [
            ("avx10", AvxVnniInt8.V512.IsSupported),
#if NET11_0_OR_GREATER
            ("avx512vnni", AvxVnni.V512.IsSupported),
#else
            ("avx512vnni", false),
#endif
            ("avxvnni", AvxVnni.IsSupported),
            ("vector512", Vector512.IsHardwareAccelerated),
            ("avx512bw", Avx512BW.IsSupported),
            ("avx2", Avx2.IsSupported),
            ("sse41", Sse41.IsSupported),
            ("fma", Fma.IsSupported),
            ("armdot", Dp.IsSupported),
            ("advsimd", AdvSimd.Arm64.IsSupported),
            ("packedsimd", PackedSimd.IsSupported),
            ("vector128", Vector128.IsHardwareAccelerated),
        ];
    }

    /// <summary>
    /// One checksum for all cases of a kernel, over the bytes that docs/arithmetic.md promises on every processor: all NaNs that a float32
    /// kernel computes count as one. (Tests in one process compare NaN's bits, too.)
    /// </summary>
    internal static class KernelDigest
    {
        public static ulong Expected(string kernel) => Of(kernel, c => c.Expected);

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static ulong Actual(string kernel) => Of(kernel, c => c.Actual());

        [MethodImpl(MethodImplOptions.NoInlining)]
        public static ulong ActualOnStart(string kernel, bool asLarge) => Of(kernel, c => c.ActualOnStart(asLarge));

        private static ulong Of(string kernel, Func<KernelCase, byte[]> arena)
        {
            ulong digest = 0;
            foreach (KernelCase c in KernelCases.All.Where(c => c.Kernel == kernel))
                digest = (digest * 0x9E3779B97F4A7C15) ^ PackedWeights.Checksum(Promised(kernel, arena(c)));
            return digest;
        }

        private static byte[] Promised(string kernel, byte[] arena)
        {
            if (!kernel.StartsWith("Float32", StringComparison.Ordinal))
                return arena;
            byte[] promised = [.. arena];
            Span<float> values = MemoryMarshal.Cast<byte, float>(promised.AsSpan());
            for (int i = 0; i < values.Length; i++)
                if (float.IsNaN(values[i]))
                    values[i] = float.NaN;
            return promised;
        }
    }
}
