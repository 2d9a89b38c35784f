namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>Stores the values that a loop collects: one slice in each trip, one behind the other.</summary>
internal static class SliceStore
{
    /// <summary>Copies a slice to its place among the collected ones.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="source">Arena offset of the slice, which is contiguous.</param>
    /// <param name="destination">Arena offset of the first collected slice.</param>
    /// <param name="index">Arena offset of the slice's number, a 64-bit integer below the number of slices there is room for.</param>
    /// <param name="bytes">The length of a slice.</param>
    public static void Run(Workspace w, int source, int destination, int index, int bytes)
    {
        unchecked
        {
            int at = destination + ((int)Unsafe.ReadUnaligned<long>(ref w.Arena(index)) * bytes);
            MemoryMarshal.CreateReadOnlySpan(ref w.Arena(source), bytes).CopyTo(MemoryMarshal.CreateSpan(ref w.Arena(at), bytes));
        }
    }
}
