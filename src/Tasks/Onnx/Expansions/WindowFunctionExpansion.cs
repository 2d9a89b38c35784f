using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>A window of signal processing: a sum of cosines over a number of points that is known at build time.</summary>
[Input(0, "size", Elements.Indices, Fixed = true)]
[Output(0, "output")]
[Parameter("output_datatype", ParameterKind.Int)]
[Parameter("periodic", ParameterKind.Int)]
internal abstract class WindowFunctionExpansion : Expansion
{
    /// <summary>The factors of 1, cos(x), cos(2 x), ….</summary>
    protected abstract double[] Cosines { get; }

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Integers(0) is not [>= 0 and <= 1 << 24 and var size])
            throw context.Invalid("its size is not one number from 0 to 16777216");
        double period = context.Node.Int("periodic", 1) != 0 ? size : size - 1;
        double[] values = [.. Enumerable.Range(0, (int)size).Select(i => Cosines
            .Select((f, k) => f * ElementaryFunctions.Cos(2 * Math.PI * k * i / period)).Sum())];
        var type = (ElementType)context.Node.Int("output_datatype", (long)ElementType.Float32);
        context.Return(0, context.Add(NumericCast.Convert(Tensor.Of(values, values.Length), type)
            ?? throw context.Unsupported("windows of numbers")));
    }
}

/// <summary>HannWindow: sin² of half a turn.</summary>
[RewrittenOperator("HannWindow")]
internal sealed class HannWindowExpansion : WindowFunctionExpansion
{
    /// <inheritdoc/>
    protected override double[] Cosines => [0.5, -0.5];
}

/// <summary>HammingWindow, with the factors that the ONNX specification gives.</summary>
[RewrittenOperator("HammingWindow")]
internal sealed class HammingWindowExpansion : WindowFunctionExpansion
{
    /// <inheritdoc/>
    protected override double[] Cosines => [25.0 / 46, -21.0 / 46];
}

/// <summary>BlackmanWindow, with the factors that the ONNX specification gives.</summary>
[RewrittenOperator("BlackmanWindow")]
internal sealed class BlackmanWindowExpansion : WindowFunctionExpansion
{
    /// <inheritdoc/>
    protected override double[] Cosines => [0.42, -0.5, 0.08];
}
