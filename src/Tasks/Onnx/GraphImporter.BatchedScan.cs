using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <content>Scan as opset 8 has it: over the samples of a batch, which all values have as their first axis.</content>
internal sealed partial class GraphImporter
{
    // Each sample becomes a Scan of its own.
    private const int MostSamples = 256;

    // How many there are of a node that such a Scan inside of others holds.
    private int _samplesAround = 1;

    private void ImportBatchedScan(
        string name, NodeProto proto, int opset, ImmutableArray<string> inputs, ImportScope scope, int depth)
    {
        if (inputs.Length < 2 || inputs[0].Length > 0)
            throw Unsupported(name, "Scan", "", opset, "Scan without sequence_lens");
        string[] values = [.. inputs.Skip(1).Select(i => Given(name, proto, i))];
        int[] batches = [.. values.Select(v => _inference.TypeOf(v)).Select(t => t.Rank == 0 ? 0 : t.Dimensions[0]).Distinct()];
        if (batches is not [> 0 and <= MostSamples and var batch] || batch * _samplesAround > MostSamples)
            throw Invalid(name, "Scan", $"its values have batches of {string.Join(", ", batches)} samples, with those around it more than "
                + $"{MostSamples}");
        _samplesAround *= batch;
        var rows = new string[proto.Output.Count][];
        for (int o = 0; o < rows.Length; o++)
            rows[o] = new string[batch];
        string axis = Constant("/axis", 0);
        for (int b = 0; b < batch; b++)
        {
            NodeProto sample = proto.Clone();
            if (sample.Attribute.FirstOrDefault(a => a.Name == "directions") is { } directions)
                directions.Name = "scan_input_directions";
            sample.Output.Clear();
            sample.Output.Add(rows.Select((_, o) => _inference.UniqueValue($"{name}/sample{b}/{proto.Output[o]}")));
            string number = _inference.UniqueValue(name + "/sample");
            _inference.AddConstant(number, Tensor.Scalar((long)b));
            ImmutableArray<string> own = [.. values.Select(v => Made("Gather", v, number))];
            ImportScan(UniqueNodeName($"{name}/sample{b}"), sample, 9, own, scope, depth);
            for (int o = 0; o < rows.Length; o++)
                rows[o][b] = Made("Unsqueeze", ResultOf(name, proto, sample.Output[o], scope), axis);
        }
        _samplesAround /= batch;
        for (int o = 0; o < rows.Length; o++)
            if (proto.Output[o].Length > 0)
                _inference.Add(new Node(
                    UniqueNodeName(name + "/batch"), "Concat", [.. rows[o]], [Define(proto.Output[o], name, proto, scope)]).With("axis",
                        0));

        string Constant(string what, long value)
        {
            string constant = _inference.UniqueValue(name + what);
            _inference.AddConstant(constant, Tensor.Of([value], 1));
            return constant;
        }

        string Made(string opType, params ReadOnlySpan<string> from)
        {
            string made = _inference.UniqueValue($"{name}/{opType}");
            _inference.Add(new Node(UniqueNodeName($"{name}/{opType}"), opType, [.. from], [made]));
            return made;
        }
    }
}
