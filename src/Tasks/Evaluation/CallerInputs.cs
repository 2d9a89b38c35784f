using System.Globalization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Evaluation;

/// <summary>
/// Turns samples, which are numbers in the model's layout, back into what an app would pass: bytes where the predictor takes bytes, images
/// with their channels last where it takes them so. Evaluation so runs the very binding that ships.
/// </summary>
/// <remarks>
/// A number stands for the byte whose <c>scale · byte + offset</c> it is. Data that was stored as bytes has no others; data that was stored
/// as floats may be off by a hundredth of a step, what rounding leaves. Anything further away is nothing that a caller could pass, and an
/// error: a figure for other inputs than the predictor's would mislead.
/// </remarks>
/// <param name="graph">The imported model.</param>
/// <param name="adaptation">How callers' data becomes what the model expects.</param>
/// <param name="source">What the data is called in messages.</param>
internal sealed class CallerInputs(Graph graph, InputAdaptation adaptation, string source)
{
    // Of a step between two bytes.
    private const double Tolerance = 0.01;

    /// <summary>Whether a number that no byte stands for becomes the nearest that one does, instead of an error.</summary>
    public bool TakesNearest { get; init; }

    /// <summary>The caller's tensors of one sample.</summary>
    /// <param name="sample">For each input of the model a tensor of its type.</param>
    /// <exception cref="ModelException">A number is none that a byte stands for.</exception>
    public Tensor[] Of(IReadOnlyList<Tensor> sample) => [.. sample.Select((value, i) => Of(graph.Inputs[i], value))];

    /// <summary>The caller's tensor of one input.</summary>
    /// <param name="input">The input's name.</param>
    /// <param name="value">A tensor of its type.</param>
    /// <exception cref="ModelException">A number is none that a byte stands for.</exception>
    public Tensor Of(string input, Tensor value)
    {
        if (value.Element != ElementType.Float32)
            return value;
        bool moves = adaptation.MovesChannels(graph, input);
        if (adaptation.Type == InputElement.UInt8)
            return Arranged(Bytes(input, value), moves);
        return Arranged(value, moves);
    }

    private Tensor Bytes(string input, Tensor value)
    {
        float[] from = value.Values<float>();
        var to = new byte[from.Length];
        int axis = InputAdaptation.ChannelAxis(graph, input);
        int channels = value.Rank == 0 ? 1 : value.Dimensions[axis];
        int inner = value.Rank == 0 ? 1 : Shapes.Count(value.Dimensions.AsSpan()[(axis + 1)..]);
        for (int i = 0; i < from.Length; i++)
        {
            int channel = i / inner % channels;
            double scale = adaptation.Scale[Math.Min(channel, adaptation.Scale.Length - 1)];
            double offset = adaptation.Offset[Math.Min(channel, adaptation.Offset.Length - 1)];
            double place = (from[i] - offset) / scale;
            double nearest = Math.Clamp(Math.Round(place), 0, 255);
            // Written so that NaN fails.
            if (!(Math.Abs(place - nearest) <= Tolerance) && !TakesNearest)
                throw Mismatch(input, from[i], scale, offset);
            to[i] = double.IsNaN(nearest) ? (byte)0 : (byte)nearest;
        }
        return new Tensor(value.Type.As(ElementType.UInt8), to);
    }

    // From channels second to channels last, where callers pass them so.
    private static Tensor Arranged(Tensor value, bool moves) =>
        moves ? TensorMove.Transpose(value, [0, 2, 3, 1]) : value;

    private ModelException Mismatch(string input, float value, double scale, double offset) => new(
        DiagnosticCatalog.DataMismatch, source,
        string.Create(CultureInfo.InvariantCulture,
            $"numbers that bytes stand for (InputScale {scale} · byte + InputOffset {offset}) for input '{input}' of type UInt8"),
        string.Create(CultureInfo.InvariantCulture, $"the number {value}"));
}
