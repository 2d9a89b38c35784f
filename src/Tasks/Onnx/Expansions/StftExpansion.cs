using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>STFT: the discrete Fourier transforms of frames of a signal that follow each other at a distance, under a window.</summary>
[RewrittenOperator("STFT")]
[Input(0, "signal", Elements.Floats, Variable = "T")]
[Input(1, "frame_step", Elements.Indices, Fixed = true)]
[Input(2, "window", Elements.Floats, Variable = "T", Optional = true)]
[Input(3, "frame_length", Elements.Indices, Optional = true, Fixed = true)]
[Output(0, "output")]
[Parameter("onesided", ParameterKind.Int)]
internal sealed class StftExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType signal = context.Type(0);
        if (signal.Rank == 2)
            signal = new(signal.Element, signal.Dimensions.Add(1));
        if (signal.Rank != 3 || signal.Dimensions[2] is not (1 or 2))
            throw context.Invalid($"its signal {signal} is neither real nor complex numbers");
        (int batches, int samples, int parts) = (signal.Dimensions[0], signal.Dimensions[1], signal.Dimensions[2]);
        long length = context.Has(3) ? One(3) : context.Has(2) ? context.Type(2).Count
            : throw context.Invalid("it has neither a window nor a frame length");
        long step = One(1);
        bool oneSided = context.Node.Int("onesided", 1) != 0;
        if (length < 1 || length > samples || step < 1 || (context.Has(2) && context.Type(2).Count != length))
            throw context.Invalid($"its frames of {length} samples every {step} do not fit a signal of {samples} and its window");
        if (oneSided && parts == 2)
            throw context.Invalid("only real numbers have a spectrum of one side");
        int frames = (int)((samples - length) / step) + 1;
        var places = new long[context.Elements(frames, length)];
        for (int i = 0; i < places.Length; i++)
            places[i] = (i / length * step) + (i % length);
        string taken = context.Add(ExpansionContext.New("Gather", context.Reshape(context[0], signal.Dimensions.AsSpan()),
            context.Add(Tensor.Of(places, frames, (int)length))).With("axis", 1));
        if (context.Has(2))
            taken = context.Add("Mul", taken, context.Reshape(context[2], length, 1));
        (string spectrum, int frequencies) = FourierMatrix.Forward(
            context, context.Reshape(taken, (long)batches * frames, length * parts), (int)length, parts, (int)length, oneSided);
        context.Return(0, context.Reshape(spectrum, batches, frames, frequencies, 2));

        long One(int input) => context.Integers(input) is [var value] ? value : throw context.Invalid($"input {input} is not one number");
    }
}
