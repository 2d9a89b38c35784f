using System.Reflection;
using System.Text.RegularExpressions;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>The rules of docs/kernels.md for the sources that are emitted into apps.</summary>
public sealed class KernelSourceTests
{
    /// <summary>The JIT gives up optimising large methods; see docs/kernels.md.</summary>
    private const int LargestMethod = 8 * 1024;

    private static string Folder => Path.Combine(SharedAssets.RepositoryRoot, "src", "Kernels");

    private static IEnumerable<string> Files =>
        Directory.EnumerateFiles(Folder, "*.cs", SearchOption.AllDirectories)
            .Where(f => !Regex.IsMatch(Path.GetRelativePath(Folder, f), "^(bin|obj)[/\\\\]"))
            .Order(StringComparer.Ordinal);

    [Fact]
    public void Methods_stay_below_8_KB_of_IL()
    {
        int methods = 0;
        foreach (Type type in typeof(Workspace).Assembly.GetTypes())
        {
            const BindingFlags All = BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic
                | BindingFlags.DeclaredOnly;
            foreach (MethodBase method in type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)))
            {
                int size = method.GetMethodBody()?.GetILAsByteArray()?.Length ?? 0;
                Assert.True(size < LargestMethod, $"{type.Name}.{method.Name} has {size} bytes of IL");
                methods++;
            }
        }

        Assert.True(methods > 100);
    }

    [Fact]
    public void Files_declare_the_namespace_first_and_have_their_types_names()
    {
        Assert.NotEmpty(Files);
        foreach (string file in Files)
        {
            string text = File.ReadAllText(file);
            string name = Path.GetFileNameWithoutExtension(file);
            Assert.True(text.StartsWith(
                "namespace OptimizerBuild.Kernels;\n", StringComparison.Ordinal), $"{name}: the namespace is not the first line");
            Assert.True(
                Regex.IsMatch(
                    text, $@"^internal ((static|sealed|abstract|readonly|ref) )*(class|struct|interface) {name}\b", RegexOptions.Multiline),
                $"{name}: no internal type of this name at column 0");
            foreach (Match directive in Regex.Matches(text, @"^\s*using (?!var |\()(?<target>[^;]+);", RegexOptions.Multiline))
            {
                string target = directive.Groups["target"].Value;
                Assert.True(target.Contains("global::", StringComparison.Ordinal), $"{name}: using {target} without global::");
            }
        }
    }

    [Fact]
    public void Every_file_lies_in_a_folder_that_the_documentation_describes()
    {
        string document = File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "docs", "kernels.md"));
        IEnumerable<string> described = Regex.Matches(document, @"^\| `(?<folder>\w+)` \| [^|]+ \|$", RegexOptions.Multiline)
            .Select(row => row.Groups["folder"].Value);
        IEnumerable<string> folders = Files.Select(file => Path.GetDirectoryName(Path.GetRelativePath(Folder, file))!).Distinct();
        Assert.Equal(folders.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void No_kernel_mentions_the_packing()
    {
        foreach (string file in Files.Where(f => Path.GetFileName(f) is not ("Int8Packing.cs" or "Int8SparsePacking.cs"
            or "Int4Packing.cs")))
        {
            // Comments may; the generator looks for identifiers in code.
            string code = Regex.Replace(File.ReadAllText(file), "//.*", "");
            Assert.False(Regex.IsMatch(code, @"\bInt[48](Sparse)?Packing\b"), $"{Path.GetFileName(file)} refers to the packing");
        }
    }
}
