using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Control;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Passes.Recurrence;

namespace OptimizerBuild.Passes;

/// <summary>
/// Recognises LSTM, GRU and plain recurrent layers that exporters have written as a Loop (or Scan) over the steps: products with what all
/// steps read become one layer, as where a model has the operator, and the loop becomes the operator behind it. Only loops of a constant
/// number of trips that carry nothing else of use and give the hidden state of each step.
/// </summary>
internal sealed class RecurrentRecognition : IGraphPass
{
    // The products of all steps lie in memory at once, where a loop has those of one.
    private const long MostProducts = 1 << 26;

    /// <inheritdoc/>
    public string Name => GetType().Name;

    /// <inheritdoc/>
    public Graph Apply(Graph graph)
    {
        GraphEditor? editor = null;
        foreach (Node node in graph.Nodes.Where(n => n.Is<LoopOperator>()))
        {
            var context = OperatorContext.Of(graph, node);
            if (LoopOperator.Trips(context) is not { } trips || trips is < 1 or > int.MaxValue
                || Match(graph, node, context) is not { } match
                || trips * match.Batch * match.Cell.Bias.Length > MostProducts)
                continue;
            if (match.Slices.Any(s => graph.TypeOf(s.Value).Dimensions[s.Axis] is var length
                && (s.Place(0) < 0 || s.Place(0) >= length || s.Place(trips - 1) < 0 || s.Place(trips - 1) >= length)))
                continue;
            editor ??= new(graph);
            new Emission(editor, node, match, (int)trips).Apply();
            foreach (string input in node.Inputs.Where(i => i.Length > 0).Distinct(StringComparer.Ordinal))
                editor.Prune(input);
        }
        return editor is null ? graph : editor.ToGraph();
    }

    private static Layer? Match(Graph graph, Node node, OperatorContext context)
    {
        Graph body = new IdentityRemoval().Apply(new ConstantFolding().Apply(SubGraphs.Body(context, LoopOperator.Body)));
        int carried = (int)node.Int(LoopOperator.Carried, 0);
        // The states tell how many sequences there are: each is a vector for every one of them.
        foreach (int batch in Enumerable.Range(0, carried).Select(i => graph.TypeOf(node.Inputs[2 + i]))
            .Where(t => t is { Element: ElementType.Float32, Rank: > 0, Count: > 0 }).Select(t => t.Count / t.Dimensions[^1]).Distinct())
        {
            var reader = new StepReader(body, carried, batch);
            StepInput?[] states = [.. Enumerable.Range(0, carried).Select(i => reader.Read(body.Inputs[1 + i]) as StepInput)];
            StepVector?[] results = [.. Enumerable.Range(0, carried).Select(i => reader.Read(body.Outputs[1 + i]))];
            if (RecurrentCell.Of(states, results) is not { } cell || cell.InputWeights.Count == 0)
                continue;
            bool Gives(int output) => node.HasOutput(output)
                && (graph.Outputs.Contains(node.Outputs[output]) || GraphIndex.Of(graph).Readers(node.Outputs[output]).Count > 0);
            if (Enumerable.Range(0, node.Outputs.Length).Any(o => Gives(o)
                && (o < carried ? !cell.States.Contains(o) : reader.Read(body.Outputs[1 + o]) != cell.Next)))
                continue;
            // Slices are values from around the loop, which it hands over behind its own.
            return new(cell, batch, [.. reader.Slices.Where(s => cell.InputWeights.ContainsKey(s.Value))
                .OrderByDescending(s => s.Value.Number).Select(s => new Slice(
                    node.Inputs[1 + body.Inputs.IndexOf(s.Key.Value)], s.Key.Axis, s.Key.Offset, s.Key.Backwards, s.Value))]);
        }
        return null;
    }

    /// <summary>A layer in a loop.</summary>
    private sealed record Layer(RecurrentCell Cell, int Batch, ImmutableArray<Slice> Slices);

    /// <summary>What the steps read of one value from around the loop.</summary>
    private sealed record Slice(string Value, int Axis, long Offset, bool Backwards, StepInput Input)
    {
        /// <summary>The place along the axis that a trip reads.</summary>
        public long Place(long trip) => Offset + (Backwards ? -trip : trip);
    }

    /// <summary>The nodes in the place of one loop.</summary>
    private sealed class Emission(GraphEditor editor, Node node, Layer layer, int trips)
    {
        private readonly RecurrentCell _cell = layer.Cell;
        private readonly List<Node> _nodes = [];

        public void Apply()
        {
            int rows = _cell.Bias.Length, batch = layer.Batch, size = _cell.StateWeights.Length / rows;
            string? sum = null;
            bool hasBias = _cell.Bias.All(b => b == 0);
            foreach (Slice slice in layer.Slices)
            {
                string product = Product(slice, rows, ref hasBias);
                sum = sum is null ? product : Add<AddOperator>("sum", TensorType.Float32(trips * batch, rows), sum, product);
            }
            if (!hasBias)
                sum = Add<AddOperator>("biased", TensorType.Float32(trips * batch, rows), sum!, Constant("bias", _cell.Bias, rows));
            string x = Reshape("steps", sum!, trips, batch, rows);
            string r = Constant("state_weights", _cell.StateWeights, 1, rows, size);
            string inner = _cell.InnerBias is { } b ? Constant("inner_bias", b, 1, size) : "";
            string[] first = [.. _cell.States.Select(s => Reshape("initial", node.Inputs[2 + s], 1, batch, size))];
            ImmutableArray<string> inputs = [x, r, inner, "", .. first];
            TensorType state = TensorType.Float32(1, batch, size);
            string[] outputs = [editor.AddValue(node.Name + ".all", TensorType.Float32(trips, 1, batch, size)),
                .. _cell.States.Select(_ => editor.AddValue(node.Name + ".last", state))];
            string name = editor.UniqueName(node.Name + "/layer");
            Node recurrent = _cell.Functions.Length switch
            {
                3 => NodeOperators.New<LstmOperator>(name, inputs, [.. outputs]),
                2 => NodeOperators.New<GruOperator>(name, inputs, [.. outputs]),
                _ => NodeOperators.New<RnnOperator>(name, inputs, [.. outputs]),
            };
            if (_cell.IsCoupled)
                recurrent = recurrent.With("input_forget", 1);
            if (_cell.InnerBias is not null)
                recurrent = recurrent.With("linear_before_reset", 1);
            _nodes.Add(RecurrentFunction.Write(recurrent, _cell.Functions).With("direction", new AttributeValue.Text("forward")));
            int carried = (int)node.Int(LoopOperator.Carried, 0);
            for (int o = 0; o < node.Outputs.Length; o++)
                if (node.HasOutput(o) && (o >= carried || _cell.States.Contains(o)))
                    _nodes.Add(ReshapeMerging.Reshape(editor, editor.UniqueName(node.Name + "/result"),
                        outputs[o >= carried ? 0 : 1 + _cell.States.IndexOf(o)], node.Outputs[o]));
            editor.Replace(node, [.. _nodes]);
        }

        // The products of all steps' slices of one value with their weights: [trips · batch, rows].
        private string Product(Slice slice, int rows, ref bool hasBias)
        {
            int inputs = slice.Input.Size, axis = slice.Axis;
            TensorType type = editor.TypeOf(slice.Value);
            string x = slice.Value;
            if (trips != type.Dimensions[axis] || Enumerable.Range(0, trips).Any(t => slice.Place(t) != t))
            {
                long[] places = [.. Enumerable.Range(0, trips).Select(t => slice.Place(t))];
                type = new(type.Element, type.Dimensions.SetItem(axis, trips));
                string chosen = editor.AddValue(node.Name + ".chosen", type);
                _nodes.Add(NodeOperators.New<GatherOperator>(editor.UniqueName(node.Name + "/chosen"),
                    [x, editor.AddConstant(chosen + ".places", Tensor.Of(places, trips))], [chosen]).With("axis", axis));
                x = chosen;
            }
            if (axis != 0)
            {
                long[] order = [axis, .. Enumerable.Range(0, type.Rank).Where(d => d != axis).Select(d => (long)d)];
                string moved = editor.AddValue(node.Name + ".moved", TransposeSinking.Permuted(type, order));
                _nodes.Add(TransposeOperator.Create(editor.UniqueName(node.Name + "/moved"), x, moved, order));
                x = moved;
            }
            x = Reshape("rows", x, trips * layer.Batch, inputs);
            float[] weights = _cell.InputWeights[slice.Input];
            if (IsIdentity(weights, rows, inputs))
                return x;
            string w = Constant("weights", weights, rows, inputs);
            string product = editor.AddValue(node.Name + ".products", TensorType.Float32(trips * layer.Batch, rows));
            _nodes.Add(NodeOperators.New<GemmOperator>(editor.UniqueName(node.Name + "/products"),
                hasBias ? [x, w] : [x, w, Constant("bias", _cell.Bias, rows)], [product]).With("transB", 1));
            hasBias = true;
            return product;
        }

        private static bool IsIdentity(float[] weights, int rows, int inputs)
        {
            for (int i = 0; i < weights.Length; i++)
                if (weights[i] != (i / inputs == i % inputs ? 1 : 0))
                    return false;
            return rows == inputs;
        }

        private string Constant(string stem, float[] values, params ReadOnlySpan<int> dimensions) =>
            editor.AddConstant($"{node.Name}.{stem}", Tensor.Of(values, dimensions));

        private string Add<T>(string stem, TensorType type, params ReadOnlySpan<string> inputs)
            where T : Operator
        {
            string output = editor.AddValue($"{node.Name}.{stem}", type);
            _nodes.Add(NodeOperators.New<T>(editor.UniqueName($"{node.Name}/{stem}"), [.. inputs], [output]));
            return output;
        }

        private string Reshape(string stem, string value, params ReadOnlySpan<int> dimensions)
        {
            if (editor.TypeOf(value).Dimensions.AsSpan().SequenceEqual(dimensions))
                return value;
            string output = editor.AddValue($"{node.Name}.{stem}", TensorType.Float32(dimensions));
            _nodes.Add(ReshapeMerging.Reshape(editor, editor.UniqueName($"{node.Name}/{stem}"), value, output));
            return output;
        }
    }
}
