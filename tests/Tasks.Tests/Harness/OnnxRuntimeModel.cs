using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OptimizerBuild.Graphs;
using Tensor = OptimizerBuild.Graphs.Tensor;

namespace OptimizerBuild.Harness;

/// <summary>Runs a model file in ONNX Runtime: what users check exported models with.</summary>
internal static class OnnxRuntimeModel
{
    /// <summary>The outputs of a model.</summary>
    /// <param name="model">The serialised model.</param>
    /// <param name="graph">Its graph: names, types and order of inputs and outputs.</param>
    /// <param name="inputs">A tensor for each input.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the model.</exception>
    public static Tensor[] Run(byte[] model, Graph graph, IReadOnlyList<Tensor> inputs)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        // Without VNNI its u8·s8 products saturate in pairs, unless it is asked for exact ones.
        options.AddSessionConfigEntry("session.x64quantprecision", "1");
        // It takes zeros around a MaxPool for padding, in which maxima have no part: -1 beside such a zero would remain -1.
        options.AddSessionConfigEntry("optimization.disable_specified_optimizers", "Pad_Fusion");
        using var session = new InferenceSession(model, options);
        OrtValue[] values = [.. inputs.Select(Value)];
        try
        {
            using var run = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, [.. graph.Inputs], values, [.. graph.Outputs]);
            return [.. outputs.Select((o, i) => Result(o, graph.TypeOf(graph.Outputs[i])))];
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }
    }

    private static OrtValue Value(Tensor tensor)
    {
        long[] shape = [.. tensor.Dimensions.Select(d => (long)d)];
        return tensor.Element switch
        {
            ElementType.Float32 => OrtValue.CreateTensorValueFromMemory(tensor.Values<float>(), shape),
            ElementType.Float64 => OrtValue.CreateTensorValueFromMemory(tensor.Values<double>(), shape),
            ElementType.String => OrtValue.CreateFromStringTensor(
                new DenseTensor<string>(tensor.Values<string>(), tensor.Dimensions.AsSpan())),
            ElementType.Int64 => OrtValue.CreateTensorValueFromMemory(tensor.Values<long>(), shape),
            ElementType.Int32 => OrtValue.CreateTensorValueFromMemory(tensor.Values<int>(), shape),
            ElementType.UInt8 => OrtValue.CreateTensorValueFromMemory(tensor.Values<byte>(), shape),
            ElementType.Bool => OrtValue.CreateTensorValueFromMemory(tensor.Values<bool>(), shape),
            _ => throw new NotSupportedException($"tests give no inputs of type {tensor.Element}"),
        };
    }

    private static Tensor Result(OrtValue value, TensorType type) => type.Element switch
    {
        ElementType.Float32 => new(type, value.GetTensorDataAsSpan<float>().ToArray()),
        ElementType.Float64 => new(type, value.GetTensorDataAsSpan<double>().ToArray()),
        ElementType.String => new(type, value.GetStringTensorAsArray()),
        ElementType.Int64 => new(type, value.GetTensorDataAsSpan<long>().ToArray()),
        ElementType.Int32 => new(type, value.GetTensorDataAsSpan<int>().ToArray()),
        ElementType.UInt8 => new(type, value.GetTensorDataAsSpan<byte>().ToArray()),
        ElementType.Bool => new(type, value.GetTensorDataAsSpan<bool>().ToArray()),
        _ => throw new NotSupportedException($"tests look at no outputs of type {type.Element}"),
    };
}
