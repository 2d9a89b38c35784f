using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Coding;

/// <summary>Bytes of three different values, five of them to a byte: 1.6 bits each, how ternary weights are stored.</summary>
internal sealed class TernaryWeightCode : WeightCode
{
    /// <inheritdoc/>
    public override string Name => "ternary";

    /// <inheritdoc/>
    public override string Kernel => nameof(TernaryCode);

    /// <inheritdoc/>
    public override int Rank => 6;

    /// <inheritdoc/>
    public override byte[]? Encode(WeightRun run)
    {
        if (run.Width != 1 || !run.IsWhole || run.Symbols is not ({ Length: TernaryCode.Values } values, { } symbols))
            return null;
        var bytes = new byte[(symbols.Length + TernaryCode.InAByte - 1) / TernaryCode.InAByte];
        for (int i = symbols.Length - 1; i >= 0; i--)
            bytes[i / TernaryCode.InAByte] = (byte)((bytes[i / TernaryCode.InAByte] * TernaryCode.Values) + symbols[i]);
        return [.. values.Select(v => (byte)v), .. bytes];
    }
}
