using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OptimizerBuild.Graphs;
using Tensor = OptimizerBuild.Graphs.Tensor;

namespace OptimizerBuild.Bench.OnnxRuntime;

/// <summary>
/// A model in ONNX Runtime as an app that cares for speed would run it: inputs and outputs are allocated and bound once, so that a run
/// copies and allocates nothing.
/// </summary>
internal sealed class OnnxRuntimeSession : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly OrtIoBinding _binding;
    private readonly OrtValue[] _inputs;
    private readonly OrtValue[] _outputs;

    private OnnxRuntimeSession(Func<SessionOptions, InferenceSession> open, Graph graph, int threads)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
            IntraOpNumThreads = threads,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        _session = open(options);
        _binding = _session.CreateIoBinding();
        _inputs = [.. graph.Inputs.Select(name => Allocate(graph.TypeOf(name)))];
        _outputs = [.. graph.Outputs.Select(name => Allocate(graph.TypeOf(name)))];
        foreach (string name in _session.InputNames)
        {
            int index = graph.Inputs.IndexOf(name);
            _binding.BindInput(name, index >= 0 ? _inputs[index] : Constant(graph, name));
        }
        for (int i = 0; i < _outputs.Length; i++)
            _binding.BindOutput(graph.Outputs[i], _outputs[i]);
    }

    /// <summary>The version of ONNX Runtime.</summary>
    public static string Version => OrtEnv.Instance().GetVersionString();

    /// <summary>Opens a model file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="graph">The model as the build imports it: it tells the concrete types of inputs and outputs, and the values of inputs
    /// that the item's metadata fix.</param>
    /// <param name="threads">Threads of one operator.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the model.</exception>
    public static OnnxRuntimeSession Open(string path, Graph graph, int threads) =>
        new(options => new InferenceSession(path, options), graph, threads);

    /// <summary>Opens a model that is in memory.</summary>
    /// <param name="model">The model file's contents.</param>
    /// <param name="graph">The model as the build imports it.</param>
    /// <param name="threads">Threads of one operator.</param>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the model.</exception>
    public static OnnxRuntimeSession Open(byte[] model, Graph graph, int threads) =>
        new(options => new InferenceSession(model, options), graph, threads);

    /// <summary>Fills an input.</summary>
    /// <param name="input">The input's index in the graph.</param>
    /// <param name="bytes">Its elements, in row-major order and the machine's byte order.</param>
    public void Set(int input, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_inputs[input].GetTensorMutableRawData());

    /// <summary>Runs the model on the inputs as they are.</summary>
    /// <exception cref="OnnxRuntimeException">The run fails.</exception>
    public void Run() => _session.RunWithBinding(_run, _binding);

    /// <summary>Copies an output of the last run.</summary>
    /// <param name="output">The output's index in the graph.</param>
    /// <param name="elements">An array of the output's element type and length.</param>
    public void CopyOutput(int output, Array elements)
    {
        Span<byte> bytes = _outputs[output].GetTensorMutableRawData();
        bytes.CopyTo(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(elements), bytes.Length));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _binding.Dispose();
        foreach (OrtValue value in (IEnumerable<OrtValue>)[.. _inputs, .. _outputs])
            value.Dispose();
        _run.Dispose();
        _session.Dispose();
    }

    // Element types have ONNX's numbers on both sides.
    private static OrtValue Allocate(TensorType type) => OrtValue.CreateAllocatedTensorValue(
        OrtAllocator.DefaultInstance, (TensorElementType)(int)type.Element, [.. type.Dimensions.Select(d => (long)d)]);

    // An input of the file that the item's metadata fix to a value is a constant of the graph.
    private static OrtValue Constant(Graph graph, string name)
    {
        Tensor tensor = graph.Constants.GetValueOrDefault(name)
            ?? throw new InvalidOperationException($"ONNX Runtime asks for an input '{name}', which the imported model does not have");
        OrtValue value = Allocate(tensor.Type);
        Span<byte> bytes = value.GetTensorMutableRawData();
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(tensor.Data), bytes.Length).CopyTo(bytes);
        return value;
    }
}
