using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>MelWeightMatrix: how the frequencies of a spectrum belong to bands of equal width in mel, known at build time.</summary>
[RewrittenOperator("MelWeightMatrix")]
[Input(0, "num_mel_bins", Elements.Indices, Fixed = true)]
[Input(1, "dft_length", Elements.Indices, Fixed = true)]
[Input(2, "sample_rate", Elements.Indices, Fixed = true)]
[Input(3, "lower_edge_hertz", Elements.Floats, Fixed = true)]
[Input(4, "upper_edge_hertz", Elements.Floats, Fixed = true)]
[Output(0, "output")]
[Parameter("output_datatype", ParameterKind.Int)]
internal sealed class MelWeightMatrixExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        (long bins, long length, long rate) = (One(0), One(1), One(2));
        if (context.Type(3).Count != 1 || context.Type(4).Count != 1)
            throw context.Invalid($"its edges are {context.Type(3)} and {context.Type(4)}");
        (double low, double high) = (Mel(context.Reals(3)[0]), Mel(context.Reals(4)[0]));
        int rows = (int)(length / 2) + 1;
        double step = (high - low) / (bins + 2);
        int[] edges = [.. Enumerable.Range(0, (int)bins + 2).Select(i => (int)Math.Floor((length + 1) * Hertz(low + (i * step)) / rate))];
        var weights = new float[context.Elements(rows, bins)];
        for (int band = 0; band < bins; band++)
        {
            (int from, int middle, int to) = (edges[band], edges[band + 1], edges[band + 2]);
            if (from < 0 || to > rows || middle >= rows)
                throw context.Invalid($"its band {band} reaches from place {from} to {to} of {rows}");
            if (middle == from)
                weights[(middle * bins) + band] = 1;
            for (int i = from; i <= middle && middle > from; i++)
                weights[(i * bins) + band] = (float)(i - from) / (middle - from);
            for (int i = middle; i < to; i++)
                weights[(i * bins) + band] = (float)(to - i) / (to - middle);
        }
        var type = (ElementType)context.Node.Int("output_datatype", (long)ElementType.Float32);
        context.Return(0, context.Add(NumericCast.Convert(Tensor.Of(weights, rows, (int)bins), type)
            ?? throw context.Unsupported("matrices of numbers")));

        long One(int input) => context.Integers(input) is [> 0 and <= 1 << 20 and var value] ? value
            : throw context.Invalid($"its input {input} is not one number from 1 to 1048576");
    }

    // S. S. Stevens, J. Volkmann and E. B. Newman, 1937, in the form with 2595 and 700.
    private static double Mel(double hertz) => 2595 * ElementaryFunctions.Log10(1 + (hertz / 700));

    private static double Hertz(double mel) => 700 * (ElementaryFunctions.Pow(10, mel / 2595) - 1);
}
