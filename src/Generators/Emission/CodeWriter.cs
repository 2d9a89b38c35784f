using System.Text;

namespace OptimizerBuild.Generators.Emission;

/// <summary>Writes C# line by line with indentation and <c>\n</c>.</summary>
internal sealed class CodeWriter
{
    private readonly StringBuilder _text = new();
    private int _indentation;
    private bool _opened;

    /// <summary>Writes a line. An empty one has no trailing spaces, and there is none at the start of a block.</summary>
    public void Line(string line = "")
    {
        if (line.Length > 0)
            _text.Append(' ', 4 * _indentation).Append(line);
        else if (_opened)
            return;
        _opened = false;
        _text.Append('\n');
    }

    /// <summary>Writes a line and opens a block below it.</summary>
    public void Open(string line)
    {
        Line(line);
        Line("{");
        _opened = true;
        _indentation++;
    }

    /// <summary>Closes the block.</summary>
    /// <param name="behind">What follows the brace.</param>
    public void Close(string behind = "")
    {
        _indentation--;
        Line("}" + behind);
    }

    /// <summary>Writes lines one level deeper.</summary>
    public void Indented(IEnumerable<string> lines)
    {
        _indentation++;
        foreach (string line in lines)
            Line(line);
        _indentation--;
    }

    /// <summary>Writes a documentation comment's summary. The text is XML already.</summary>
    public void Summary(string xml) => Line("/// <summary>" + xml + "</summary>");

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
