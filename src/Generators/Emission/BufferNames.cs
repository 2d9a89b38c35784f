using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>Gives the offsets of buffers names, so that calls say which values they read and write.</summary>
internal sealed class BufferNames
{
    private const int LongestName = 40;

    private readonly EquatableList<PlanBuffer> _buffers;
    private readonly IReadOnlyList<string> _names;
    private readonly Dictionary<string, int> _indices = new(StringComparer.Ordinal);

    /// <summary>Names for buffers: the last parts of the paths that the values' names are, unique.</summary>
    public BufferNames(EquatableList<PlanBuffer> buffers)
    {
        _buffers = buffers;
        _names = Identifiers.Unique(buffers.Select(b => Started(LastParts(b.Name))), ["Buffers", "Equals", "ReferenceEquals"]);
        for (int i = 0; i < buffers.Count; i++)
            _indices[buffers[i].Name] = i;
    }

    /// <summary>
    /// The last parts of a path as an identifier without a beginning: <c>F_F3_Conv</c> for <c>/f/f.3/Conv</c>; may be empty.
    /// </summary>
    public static string LastParts(string path)
    {
        string name = "";
        foreach (string part in path.Split('/').Select(p => Identifiers.Pascal(p, "")).Where(p => p.Length > 0).Reverse())
        {
            if (name.Length + part.Length + 1 > LongestName)
                break;
            name = "_" + part + name;
        }
        return name.Length > 0 ? name.Substring(1) : "";
    }

    /// <summary>The expression for an offset in a buffer; the offset itself where the plan has no such buffer.</summary>
    public string Place(string buffer, long offset) =>
        _indices.TryGetValue(buffer, out int index) ? Expression(index, offset) : Wording.Integer(offset);

    /// <summary>The expression for an offset by the buffer that is in use there at a line.</summary>
    public string Place(int line, int offset)
    {
        for (int i = 0; i < _buffers.Count; i++)
            if (_buffers[i].FirstStep <= line && line <= _buffers[i].LastStep
                && _buffers[i].Offset <= offset && offset < _buffers[i].Offset + _buffers[i].Bytes)
                return Expression(i, offset);
        return Wording.Integer(offset);
    }

    /// <summary>Renders the constants.</summary>
    public void Emit(CodeWriter code)
    {
        if (_buffers.Count == 0)
            return;
        code.Line();
        code.Summary("Where buffers begin in the scratch memory, in bytes. Those that are never in use at the same time share memory.");
        code.Open("private static class Buffers");
        for (int i = 0; i < _buffers.Count; i++)
        {
            code.Line("// " + PlanText.OneLine(_buffers[i].Name) + ": " + Wording.Count(_buffers[i].Bytes, "byte"));
            code.Line("public const int " + _names[i] + " = " + Wording.Integer(_buffers[i].Offset) + ";");
        }
        code.Close();
    }

    private string Expression(int index, long offset) => "Buffers." + _names[index]
        + (offset == _buffers[index].Offset ? "" : " + " + Wording.Integer(offset - _buffers[index].Offset));

    private static string Started(string name) => Identifiers.IsIdentifier(name) ? name : "Buffer" + name;
}
