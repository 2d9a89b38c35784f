using System.Collections.Immutable;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>
/// A lossless code for elements of the packed weights, in which the resource of an app holds them. What decodes it is a kernel, which the
/// app gets where one of its sections has the code. The set is closed and small: every subclass in this folder.
/// </summary>
internal abstract class WeightCode
{
    /// <summary>All codes, those that decode faster first.</summary>
    public static ImmutableArray<WeightCode> All { get; } =
    [
        .. OperatorRegistry.OwnTypes
            .Where(t => t is { IsAbstract: false } && t.IsSubclassOf(typeof(WeightCode)))
            .Select(t => (WeightCode)Activator.CreateInstance(t, nonPublic: true)!)
            .OrderBy(c => c.Rank),
    ];

    /// <summary>The code's name in reports, for example <c>huffman</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The kernel whose method <c>Decode</c> reads the code.</summary>
    public abstract string Kernel { get; }

    /// <summary>The place among codes of equal size: one that decodes faster has a lower one.</summary>
    public abstract int Rank { get; }

    /// <summary>Whether lengths follow from frequencies, so that the code is only used where the item asks for it.</summary>
    public virtual bool IsEntropyCode => false;

    /// <summary>
    /// What a byte of the code counts for beside those of others, where tables take longer to make than so few elements to decode.
    /// </summary>
    /// <param name="count">The number of elements.</param>
    public virtual double Weight(int count) => 1;

    /// <summary>Codes a run of elements; null where the code cannot.</summary>
    public abstract byte[]? Encode(WeightRun run);

    /// <summary>How often each symbol occurs.</summary>
    protected static int[] Count(byte[] symbols, int different)
    {
        var counts = new int[different];
        foreach (byte symbol in symbols)
            counts[symbol]++;
        return counts;
    }
}
