using OptimizerBuild.Files;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Finds which external data files a model names, without importing it: incremental builds and the cache must know them before
/// anything else is done. What cannot be read yields no names; the importer reports what is wrong.
/// </summary>
internal static class ExternalDataNames
{
    private const int MaximumDepth = 40;

    /// <summary>
    /// The names as the model states them, sorted, relative to the model's folder; those that lead out of it are left out.
    /// </summary>
    public static IReadOnlyList<string> Of(string modelPath)
    {
        try
        {
            byte[] bytes = UserFile.Read(modelPath, TensorProtoReader.MaximumBytes);
            if (!ProtobufMessage.TryParse(ModelProto.Parser, bytes, out ModelProto? model, out _))
                return [];
            var names = new SortedSet<string>(StringComparer.Ordinal);
            if (model.Graph is not null)
                Collect(model.Graph, names, 0);
            foreach (FunctionProto function in model.Functions)
                Collect(function.Node, names, 0);
            return [.. names];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static void Collect(GraphProto graph, SortedSet<string> names, int depth)
    {
        foreach (TensorProto tensor in graph.Initializer)
            Add(tensor, names);
        foreach (SparseTensorProto sparse in graph.SparseInitializer)
        {
            Add(sparse.Values, names);
            Add(sparse.Indices, names);
        }
        Collect(graph.Node, names, depth);
    }

    private static void Collect(IEnumerable<NodeProto> nodes, SortedSet<string> names, int depth)
    {
        if (depth > MaximumDepth)
            return;
        foreach (AttributeProto attribute in nodes.SelectMany(n => n.Attribute))
        {
            Add(attribute.T, names);
            foreach (TensorProto tensor in attribute.Tensors)
                Add(tensor, names);
            if (attribute.G is not null)
                Collect(attribute.G, names, depth + 1);
            foreach (GraphProto graph in attribute.Graphs)
                Collect(graph, names, depth + 1);
        }
    }

    private static void Add(TensorProto? tensor, SortedSet<string> names)
    {
        string? location = tensor?.ExternalData.FirstOrDefault(e => e.Key == "location")?.Value;
        if (string.IsNullOrEmpty(location) || location.Contains('\0'))
            return;
        string portable = location.Replace('\\', '/');
        string[] parts = [.. portable.Split('/').Where(p => p.Length > 0 && p != ".")];
        if (parts.Length > 0 && !portable.StartsWith('/') && !portable.Contains(':') && !parts.Contains(".."))
            names.Add(string.Join('/', parts));
    }
}
